import Foundation
import Testing

/// `roteq trajectory` and what else follows a whole run.
@Suite struct TrajectoryCommandTests {
  static let adamW =
    "roteq trajectory --optimizer adamw --lr 4.8e-3 --weight-decay 0.1 --beta2 0.95 --dimension 768"
  static let run = adamW + " --initial-norm 0.55 --schedule cosine --warmup 250 --steps 5000"

  private static func json(_ line: String) throws -> [String: Any] {
    let run = try Roteq(line: line + " --format json")
    try #require(run.exitCode == 0, "\(run.errors)")
    return try #require(JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
  }

  @Test func jsonHasOneEntryAStep() throws {
    let report = try Self.json("\(Self.adamW) --initial-norm 0.55 --schedule cosine --warmup 10 --steps 100")
    let trajectory = try #require(report["trajectory"] as? [String: Any])
    #expect(trajectory["step"] as? [Int] == Array(1...100))
    for name in ["equilibrium_norm", "equilibrium_rotation", "learning_rate"] {
      #expect((trajectory[name] as? [Any])?.count == 100, "\(name)")
    }
    for name in ["norm", "rotation"] {
      let both = try #require(trajectory[name] as? [String: [Any]])
      #expect(Set(both.keys) == ["recurrence", "moments"])
      #expect(both.values.allSatisfy { $0.count == 100 })
    }
    // The first step of the warmup is taken at a learning rate of 0: nothing moves, and there is no equilibrium.
    #expect((trajectory["learning_rate"] as? [Double])?.first == 0)
    #expect((trajectory["equilibrium_norm"] as? [Any])?.first is NSNull)
    let summary = try #require(report["summary"] as? [String: Any])
    #expect(
      Set(summary.keys).isSuperset(of: [
        "norm", "rotation", "worst_over_rotation", "share_out_of_equilibrium",
      ]))
  }

  @Test func everyThinsTheSeriesAlone() throws {
    let all = try Self.json(Self.run)
    let some = try Self.json(Self.run + " --every 1000")
    let steps = (some["trajectory"] as? [String: Any])?["step"] as? [Int]
    #expect(steps == [1, 1001, 2001, 3001, 4001])
    #expect(
      (all["summary"] as? NSDictionary) == (some["summary"] as? NSDictionary),
      "the summary is that of every step")
    let csv = try Roteq(line: Self.run + " --every 1000 --format csv")
    #expect(csv.output.split(separator: "\n").count == 6)
    #expect(csv.output.hasPrefix("step,learning_rate,weight_decay,norm_recurrence,norm_moments,"))
  }

  @Test func layersStandSideBySide() throws {
    let report = try Self.json(
      "roteq trajectory --optimizer adamw --lr 1e-3 --weight-decay 0.1 --steps 50 --layers attn:768:0.55,mlp:3072:kaiming,out:64:normal=0.02"
    )
    let layers = try #require(report["layers"] as? [[String: Any]])
    #expect(layers.compactMap { $0["name"] as? String } == ["attn", "mlp", "out"])
    let norms = layers.compactMap { $0["initial_norm"] as? Double }
    for (norm, expected) in zip(norms, [0.55, 2.0.squareRoot(), 0.16]) {
      #expect(abs(norm - expected) < 1e-12)
    }
  }

  /// A learning rate from a file, a logged gradient and a logged rotation are read, and bad ones refused by their line.
  @Test func tablesAreRead() throws {
    let folder = try Folder()
    let rates = try folder.file("rates.csv", "step,learning_rate\n1,0\n11,4e-3\n100,0\n")
    let base =
      "roteq trajectory --optimizer adamw --weight-decay 0.1 --dimension 64 --initial-norm 1 --steps 100"
    let byTable = try Self.json(base + " --schedule \(rates)")
    let byName = try Self.json(base + " --lr 4e-3 --schedule linear:warmup=10,end=99")
    let norms = try [byTable, byName].map {
      try #require((($0["trajectory"] as? [String: Any])?["norm"] as? [String: [Double]])?["moments"])
    }
    for (a, b) in zip(norms[0], norms[1]) { #expect(abs(a / b - 1) < 1e-12) }

    let gradients = try folder.file(
      "gradients.csv", "# logged\nlayer,step,gradient_norm\na,1,16\nb,1,1\na,50,4\nb,50,1\n")
    let traced = base + " --lr 4e-3 --gradient \(gradients)"
    let a = try Self.json(
      traced.replacingOccurrences(of: "--dimension 64 --initial-norm 1", with: "--layers a:64:1,b:64:1"))
    #expect((a["layers"] as? [Any])?.count == 2)
    let unknown = try Roteq(
      line: traced.replacingOccurrences(of: "--dimension 64 --initial-norm 1", with: "--layers c:64:1"))
    #expect(unknown.exitCode == 65)
    #expect(unknown.errors == "roteq: \(gradients): no rows named 'c'; it has a, b\n")

    // What a logger writes: a byte order mark, text, quotes, blank cells, Windows line ends.
    let logged = try folder.file(
      "logged.csv",
      "\u{FEFF}\"run\",step,loss,gradient_norm\r\n\"a, b\",1,2.5,1\r\n\"a, b\",2,,\r\nx,3,2,1\r\n")
    let fromLog = try Roteq(line: base + " --lr 4e-3 --gradient \(logged)")
    #expect(fromLog.exitCode == 0, "\(fromLog.errors)")

    for (text, message) in [
      ("step,gradient_norm\n1,2\n1,3\n", ":3: step 1 after 1, expected rising steps"),
      ("step,gradient_norm\n1,x\n", ":2: 'x' in column 'gradient_norm' is not a finite number"),
      ("step,gradient_norm\n1,-1\n", ":2: the value -1.0, expected a finite number of at least 0"),
      ("step,loss\n1,2\n", ": no column 'gradient_norm' or 'unit_gradient_norm'; it has step, loss"),
      ("step,gradient_norm\n1,2,3\n", ":2: 3 cells, expected 2 as in the header"),
      ("", ": no rows; expected a header line, such as step,gradient_norm, and numbers below it"),
    ] {
      let path = try folder.file("bad.csv", text)
      let run = try Roteq(line: base + " --lr 1e-3 --gradient \(path)")
      #expect(run.exitCode == 65)
      #expect(run.errors == "roteq: \(path)\(message)\n")
    }

    let rotations = try folder.file("rotation.csv", "step,rotation\n1,0.003\n50,0.003\n100,0.003\n")
    let measured = try Self.json(
      "roteq convert --from adamw --lr 1e-3 --weight-decay 0.1 --to rv-adamw --steps 100 --measured-rotation \(rotations)"
    )
    // Table 1 backwards: λ = η_r²(1 + β₁)/(2η(1 − β₁)).
    let decay = ((measured["measured"] as? [String: Any])?["effective_weight_decay"] as? [String: Double])?[
      "median"]
    let expected = 0.003 * 0.003 * 1.9 / (2e-3 * 0.1)
    #expect(abs(try #require(decay) / expected - 1) < 1e-12)
  }

  /// The schedule that is written makes Table 1 turn as the baseline does, as CSV and as Python.
  @Test func theMatchedScheduleIsExact() throws {
    let folder = try Folder()
    let line =
      "roteq convert --from adamw --lr 4.8e-3 --weight-decay 0.1 --beta2 0.95 --to rv-adamw --schedule cosine --warmup 50 --steps 1000 --dimension 768 --initial-norm 0.55 -o "
    let csv = try folder.path("schedule.csv")
    #expect(try Roteq(line: line + csv).exitCode == 0)
    let lines = try String(contentsOfFile: csv, encoding: .utf8).split(separator: "\n")
    #expect(lines[0] == "step,learning_rate,weight_decay,rotation")
    for line in lines.dropFirst(2) {
      let cells = line.split(separator: ",").map { Double($0) ?? .nan }
      let square: Double = 2 * cells[1] * cells[2] * 0.1 / 1.9
      #expect(abs(square.squareRoot() / cells[3] - 1) < 1e-12)
    }
    let python = try folder.path("schedule.py")
    #expect(try Roteq(line: line + python).exitCode == 0)
    let text = try String(contentsOfFile: python, encoding: .utf8)
    #expect(text.contains("def set_weight_decay(optimizer, step):"))
    // Interpolated between its knots, the module has what the table has.
    func list(_ name: String) throws -> [Double] {
      let part = try #require(
        text.components(separatedBy: "\(name) = [").last?.components(separatedBy: "]").first)
      return part.split { ", \n".contains($0) }.compactMap { Double($0) }
    }
    let (steps, decays) = (try list("STEPS"), try list("WEIGHT_DECAY"))
    #expect(steps.count == decays.count && steps.count < 500)
    var knot = 1
    for line in lines.dropFirst(2) {
      let cells = line.split(separator: ",").map { Double($0) ?? .nan }
      while steps[knot] < cells[0] { knot += 1 }
      let share = (cells[0] - steps[knot - 1]) / (steps[knot] - steps[knot - 1])
      let decay = decays[knot - 1] + share * (decays[knot] - decays[knot - 1])
      #expect(abs(decay / cells[2] - 1) < 1.1e-3, "step \(cells[0])")
    }
    let wrong = try Roteq(line: line + folder.path("schedule.txt"))
    #expect(wrong.exitCode == 64)
  }

  @Test(arguments: [
    ErrorTests.Case(
      line: "\(adamW) --initial-norm 1", code: 64,
      message:
        "missing --steps: the run needs its number of steps"),
    ErrorTests.Case(
      line: "\(adamW) --steps 10", code: 64,
      message:
        "missing --initial-norm or --initialization: the run starts from the initial norm"),
    ErrorTests.Case(
      line: "\(adamW) --initial-norm 1 --steps 0", code: 64,
      message:
        "--steps: 0 is not allowed, expected a whole number from 1 to 1000000000"),
    ErrorTests.Case(
      line: "\(adamW) --initial-norm 1 --steps 10 --schedule cosin", code: 64,
      message:
        "--schedule: unknown schedule 'cosin'; did you mean 'cosine'?"),
    ErrorTests.Case(
      line: "\(adamW) --initial-norm 1 --steps 10 --warmup 10", code: 64,
      message:
        "--schedule: the warmup takes 10 steps, but the run has 10, expected a warmup shorter than the run"),
    ErrorTests.Case(
      line: "\(adamW) --initial-norm 1 --steps 10 --schedule cosine:floor=-1", code: 64,
      message:
        "--schedule: schedule 'cosine': floor is -1, expected 0 to 1"),
    ErrorTests.Case(
      line: "\(adamW) --initial-norm 1 --steps 10 --schedule cosine --min-lr 1", code: 64,
      message:
        "--min-lr: 1.0 is not allowed, expected 0 to the peak learning rate 0.0048"),
    ErrorTests.Case(
      line: "\(adamW) --initial-norm 1 --steps 10 --schedule step:every=3 --min-lr 1e-4", code: 64,
      message:
        "--min-lr does not apply to the schedule 'step'"),
    ErrorTests.Case(
      line: "\(adamW) --initialization he --steps 10", code: 64,
      message:
        "--initialization: 'he' is neither a norm nor an initialisation, expected a number, default, kaiming, xavier=FAN-OUT, normal=SIGMA"
    ),
    ErrorTests.Case(
      line: "\(adamW) --initial-norm 1 --steps 10 --schedule none.csv", code: 66,
      message:
        "none.csv: no such file"),
    ErrorTests.Case(
      line: "\(adamW) --initial-norm 1 --steps 10 --every 0", code: 64,
      message:
        "--every: 0 is not allowed, expected a whole number from 1 to 1000000000"),
    ErrorTests.Case(
      line:
        "roteq trajectory --optimizer sgdm --lr 0.1 --weight-decay 1e-3 --momentum 0.9 --dimension 8 --unit-gradient-norm 1 --initial-norm 1 --steps 10 --gradient-kurtosis 1",
      code: 64,
      message:
        "the second moments of SGDM do not take in the kurtosis of the gradient; those of AdamW and Lion do"),
    ErrorTests.Case(
      line:
        "roteq trajectory --optimizer sgdm --lr 0.1 --weight-decay 1e-3 --momentum 0.9 --dimension 8 --initial-norm 1 --steps 10",
      code: 64,
      message:
        "missing --unit-gradient-norm: the trajectory needs the mean squared gradient norm at unit weight norm E‖g̃‖²"
    ),
    ErrorTests.Case(
      line:
        "roteq trajectory --optimizer adamw --lr 0.5 --weight-decay 1.9 --dimension 8 --initial-norm 1 --steps 10 --layers a:8:1",
      code: 64,
      message:
        "--dimension does not go with --layers, which gives it for each"),
    ErrorTests.Case(
      line: "roteq trajectory --optimizer adamw --lr 0.5 --weight-decay 1.9 --steps 10 --layers a:8",
      code: 64,
      message:
        "--layers: 'a:8' is not a layer, expected NAME:C:NORM"),
    ErrorTests.Case(
      line: "roteq trajectory examples/gpt2-openwebtext.py --warmup 900", code: 64,
      message: "--warmup does not go with a configuration file, which holds it"),
    ErrorTests.Case(
      line: "roteq convert --from adamw --lr 1e-3 --weight-decay 0.1 --to rv-adamw --warmup 9", code: 64,
      message: "--warmup needs --steps: the run needs its number of steps"),
    ErrorTests.Case(
      line: "roteq trajectory --optimizer adamw --lr 1e-3 --weight-decay 0.1 --steps 9 --layers a:8:1,a:9:1",
      code: 64,
      message: "--layers: 'a:9:1' has the name of another layer"),
    ErrorTests.Case(
      line: "roteq trajectory --lr 1", code: 64,
      message:
        "missing --optimizer or a configuration file"),
    ErrorTests.Case(
      line: "roteq convert --from rv-adamw --lr 1e-3 --weight-decay 0.1 --to adamw --steps 10", code: 64,
      message:
        "missing --hold: from a rotational variant, say what is to change: decay, warmup, initial-norm"),
    ErrorTests.Case(
      line:
        "roteq convert --from adamw --lr 1e-3 --weight-decay 0.1 --to lion --steps 10 --dimension 8 --initial-norm 1",
      code: 64,
      message:
        "a run is matched by the optimizer's own rotational variant: --to rv-adamw"),
    ErrorTests.Case(
      line: "roteq sweep --optimizer adamw --lr 1e-4:1e-2:log:3 --weight-decay 0.1 --steps 10", code: 64,
      message:
        "--steps and --schedule need --over trajectory"),
  ])
  func badInputIsRefused(_ test: ErrorTests.Case) throws {
    let run = try Roteq(line: test.line)
    #expect(run.exitCode == test.code)
    #expect(run.errors == "roteq: \(test.message)\n")
    #expect(run.output.isEmpty)
  }
}

/// A folder of a test's own, which goes away with it.
final class Folder {
  private let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "roteq-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) throws -> String { url.appending(path: name).path }

  func file(_ name: String, _ text: String) throws -> String {
    let path = try path(name)
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }
}
