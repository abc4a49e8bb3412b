import Dynamics
import Equilibrium
import OutsideText
import RunConfigurations

extension FuzzTarget {
  private static let words = [
    "null", "true", "0", "-1", "1e308", "1e-320", "nan", ".inf", "9007199254740992", "9223372036854775808",
    "[]", "{}",
    "[1, 2", "\"", "'", "\\", "&a", "*a", "<<:", "- ", ": ", "\n", "\t", "# ", "$(x)", "${x:-1}", "--lr", "=",
    "1_000",
    "0x10", "1e", "\u{600}'", "\u{FEFF}", "steps", "layers", "neurons: 0", "floor: []", "warmup", "end",
    "table",
    "learning_rate", "weight_decay", "epochs", "cosine",
  ]

  /// A configuration in a syntax; what is accepted comes back from roteq's own YAML as the same run.
  static func configuration(_ syntax: String, _ endings: [String]) -> FuzzTarget {
    FuzzTarget(name: syntax, corpus: endings, words: words) { bytes throws(Finding) in
      let facts = RunFacts([.datasetSize: 50_000, .worldSize: 2])
      let run: TrainingRun
      do throws(ConfigurationError) {
        run = try RunConfiguration.read(
          text: String(decoding: bytes, as: UTF8.self), path: "run.\(endings[0])", facts: facts)
      } catch {
        try check(error.description)
        return false
      }
      let text = RoteqYAML.encode(run).text
      // What is larger is refused when it is written.
      guard text.utf8.count <= RoteqYAML.limit else { return true }
      let back: TrainingRun
      do throws(ConfigurationError) {
        back = try RoteqYAML.decode(text, path: "run.yaml")
      } catch { throw Finding("its YAML is refused: \(error)") }
      guard back == run else { throw Finding("the run is another after it was written and read") }
      return true
    }
  }

  /// A schedule as on the command line, and its factors from the first step to the last.
  static let schedule = FuzzTarget(
    name: "schedule", corpus: [],
    words: ["cosine:floor=0.1,warmup=10", "wsd:decay=100,warmup=5", "step:at=10/20,factor=0.5"]
      + ScheduleKind.catalogue.map(\.name)
      + ScheduleKind.catalogue.flatMap { $0.parameters.map { "\($0.name)=" } } + [
        ":", ",", "/", "0", "1", "0.1", "1e300", "5e-324", "100", "1e15", "nan", "-1", "warmup=",
        "warmup-from=", "end=", "hold=",
        "warmup-prefix=1",
      ]
  ) { bytes throws(Finding) in
    let specification: ScheduleSpecification
    do throws(ScheduleError) {
      specification = try ScheduleSpecification(parsing: String(decoding: bytes, as: UTF8.self))
    } catch {
      try check(error.description)
      return false
    }
    for steps in [1, 7, 1000, 1 << 53] {
      guard let schedule = try? specification.schedule(steps: steps) else { continue }
      for taken in [0, 1, steps / 2, steps - 1] where !schedule.factor(after: taken).isFinite {
        throw Finding("the factor after \(taken) of \(steps) steps is \(schedule.factor(after: taken))")
      }
    }
    return true
  }
}
