import Dynamics
import Equilibrium
import Foundation
import Formulas
import Optimizers
import Testing

@testable import RunConfigurations

/// What programs themselves make of small configurations: the learning rate of every update, and the optimizer's settings.
///
/// Each case under `References/` says in `origin` how its numbers were made: by the program's own code, or from its source text.
@Suite struct ReferenceTests {
  struct Reference: Decodable, CustomTestStringConvertible {
    let files: [String]
    let facts: [String: Int]?
    let overrides: [String]?
    let optimizer: String
    let learning_rate: Double?
    let weight_decay: Double?
    let betas: [Double]?
    let momentum: Double?
    let nesterov: Bool?
    let eps: Double?
    let steps: Int?
    let learning_rates: [[Double]]?
    let weight_decays: [[Double]]?
    let origin: String
    /// A part of the message that refuses the file.
    let refused: String?
    var path = ""
    var testDescription: String { path }
    private enum CodingKeys: String, CodingKey {
      case files, facts, overrides, optimizer, learning_rate, weight_decay, betas, momentum, nesterov, eps,
        steps
      case learning_rates, weight_decays, origin, refused
    }
  }

  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(
    path: "References")

  static let references: [Reference] = {
    guard let paths = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil) else {
      return []
    }
    return paths.compactMap { item in
      guard let url = item as? URL, url.pathExtension == "json", let data = try? Data(contentsOf: url),
        var reference = try? JSONDecoder().decode(Reference.self, from: data)
      else { return nil }
      reference.path = String(url.path.dropFirst(folder.path.count + 1))
      return reference
    }.sorted { $0.path < $1.path }
  }()

  @Test("Programs agree", arguments: references)
  func agrees(_ reference: Reference) throws {
    let folder = Self.folder.appending(path: reference.path).deletingLastPathComponent()
    // Others lie beside the first, where it finds them, unless they are one run only together.
    let path = folder.appending(path: try #require(reference.files.first)).path
    let others =
      reference.path.hasPrefix("gptneox")
      ? reference.files.dropFirst().map { folder.appending(path: $0).path } : []
    let known = ["dataset_size": RunFacts.Fact.datasetSize, "world_size": .worldSize, "steps": .steps]
    let facts = (reference.facts ?? [:]).compactMap { key, value in known[key].map { ($0, value) } }
    func read() throws(ConfigurationError) -> TrainingRun {
      try RunConfiguration.read(
        path: path, overrides: reference.overrides ?? [], facts: RunFacts(Dictionary(facts) { $1 }),
        beside: others)
    }
    if let refused = reference.refused {
      let error = #expect(throws: ConfigurationError.self) { _ = try read() }
      #expect(error?.description.contains(refused) == true, "\(error?.description ?? "")")
      return
    }
    let run = try read()
    let optimizers = ["sgdm": Optimizer.sgdm, "adamw": .adamW, "adam-l2": .adamL2, "lion": .lion]
    #expect(run.optimizer == optimizers[reference.optimizer], "\(run.optimizer.identifier)")
    func expect(_ symbol: Symbol, _ value: Double?) {
      guard let value else { return }
      let own = run.hyperparameters[symbol] ?? .nan
      #expect(abs(own - value) <= 1e-12 * abs(value), "\(symbol.name) \(own), expected \(value)")
    }
    expect(.weightDecay, reference.weight_decay)
    expect(.beta1, reference.betas?.first)
    expect(.beta2, reference.betas?.last)
    if run.optimizer == .sgdm { expect(.momentum, reference.momentum) }
    if run.optimizer == .adamW { expect(.epsilon, reference.eps) }
    if let nesterov = reference.nesterov, run.optimizer == .sgdm { #expect(run.nesterov == nesterov) }
    if let steps = reference.steps { #expect(run.steps == steps) }
    let peak = try #require(run.hyperparameters[.learningRate])
    let schedule = try run.schedule.schedule(peak: peak, steps: run.steps)
    let plan = try run.plan()
    for row in reference.weight_decays ?? [] {
      let decay = plan.step(after: Int(row[0])).weightDecay
      #expect(abs(decay - row[1]) <= 1e-9 * row[1], "update \(Int(row[0])): \(decay), the program \(row[1])")
    }
    for row in reference.learning_rates ?? [] where Int(row[0]) < run.steps {
      let rate = peak * schedule.factor(after: Int(row[0]))
      // A table keeps its straight lines within a millionth of the peak.
      #expect(abs(rate - row[1]) <= 2e-6 * peak, "update \(Int(row[0])): \(rate), the program \(row[1])")
    }
  }
}
