import Dynamics
import Equilibrium
import Foundation
import RunConfigurations
import Testing

/// Bad files in every syntax: one line each, whole, in bounded time.
@Suite struct FileErrorTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let path: String
    let text: String
    var overrides: [String] = []
    let message: String
    var testDescription: String { message }
    init(_ path: String, _ text: String, _ message: String) { self.init(path, text, [], message) }
    init(_ path: String, _ text: String, _ overrides: [String], _ message: String) {
      (self.path, self.text, self.overrides, self.message) = (path, text, overrides, message)
    }
  }

  static let trainer = "\"optim\": \"adamw_torch\", \"lr_scheduler_type\": \"linear\", \"max_steps\": 9"

  static let json: [Case] = [
    Case("a.json", "{\n\"a\": 1,\n\"a\": 2}", "a.json:3: key 'a' is given twice"),
    Case("a.json", "{\"a\": 1,}", "a.json:1: not valid JSON: a comma before the closing bracket"),
    Case("a.json", "{\"a\": 1", "a.json:1: not valid JSON: expected ',' or '}', found the end"),
    Case("a.json", "{\"a\"\n\n 1}", "a.json:3: not valid JSON: expected ':' after a key, found '1'"),
    Case("a.json", "{a: 1}", "a.json:1: not valid JSON: expected a key in double quotes, found 'a'"),
    Case("a.json", "{\"a\": 01}", "a.json:1: not valid JSON: expected a value, found '01'"),
    Case("a.json", "{\"a\": .5}", "a.json:1: not valid JSON: expected a value, found '.5'"),
    Case("a.json", "{\"a\": nan}", "a.json:1: not valid JSON: expected a value, found 'nan'"),
    Case("a.json", "{\"a\": }", "a.json:1: not valid JSON: expected a value, found '}'"),
    Case("a.json", "{\"a\": \"b\n\"}", "a.json:1: not valid JSON: a string is not closed"),
    Case("a.json", "{\"a\": \"\\x\"}", "a.json:1: not valid JSON: an escape that JSON does not have"),
    Case("a.json", "{\"a\": \"\\ud83d\"}", "a.json:1: not valid JSON: half of a surrogate pair"),
    Case("a.json", "{\"a\": \"\\u12", "a.json:1: not valid JSON: an escape that JSON does not have"),
    Case("a.json", "{} {}", "a.json:1: not valid JSON: something follows the end"),
    Case(
      "a.json", "[1, 2]",
      "a.json: not a run configuration in a known format; known: fairseq-hydra, gpt-neox, huggingface, param-groups,"
        + " llamafactory, axolotl, deepspeed, lightning, litgpt, composer, torchtune, olmo, swin, mae"
    ),
    Case("a.json", String(repeating: "[", count: 100_000), "a.json:1: not valid JSON: nested too deeply"),
    Case(
      "a.json", String(repeating: "{\"a\":", count: 100_000), "a.json:1: not valid JSON: nested too deeply"),
    Case(
      "a.json", "{\(trainer), \"weight_decay\": 1e999}",
      "a.json:1: weight_decay is inf, expected a finite number of at least 0"),
    Case(
      "a.json", "{\(trainer),\n\"weight_decay\": NaN}",
      "a.json:2: weight_decay is 'NaN', expected a finite number of at least 0"),
    Case(
      "a.json", "{\(trainer.replacing("adamw_torch", with: "adafactor"))}",
      "a.json:1: unknown optim 'adafactor' (it has no prediction yet); known: adamw_torch, adamw_torch_fused, adamw_8bit, sgd, lion_32bit"
    ),
    Case(
      "a.json", "{\(trainer.replacing("linear", with: "cosin")), \"weight_decay\": 1}",
      "a.json:1: unknown lr_scheduler_type 'cosin'; did you mean 'cosine'?"),
    Case(
      "a.json", "{\"optim\": \"adamw_torch\", \"output_dir\": \"a\", \"weight_decay\": 1}",
      "a.json: num_train_epochs: 3 counts epochs; give --dataset-size N (examples in the training set) or "
        + "--world-size N (processes that train together)"),
    Case(
      "groups.json",
      "[{\"lr\": 0.1, \"betas\": [0.9, 0.99], \"eps\": 1e-8, \"amsgrad\": false, \"weight_decay\": 1}]",
      "groups.json:1: the keys of the group do not tell which optimizer it is (Adam and AdamW had the same before "
        + "PyTorch 2.7); pass --optimizer=NAME, one of adamw, adam, sgd, lion, decoupled_adamw, decoupled_lionw"
    ),
    Case(
      "groups.json", "[{\"lr\": 0.1, \"momentum\": 0.9, \"dampening\": 0, \"weight_decay\": 1}]",
      "groups.json: parameter groups do not say how long the run is; give --steps N (optimizer steps of the run)"
    ),
  ]

  /// Groups of optimizers that have keys of others beside their own.
  static let groups: [Case] = [
    ("RMSprop", "\"momentum\": 0, \"alpha\": 0.99, \"eps\": 1e-8, \"centered\": false"),
    (
      "NAdam",
      "\"betas\": [0.9, 0.99], \"eps\": 1e-8, \"momentum_decay\": 4e-3, \"decoupled_weight_decay\": true"
    ),
    ("RAdam", "\"betas\": [0.9, 0.99], \"eps\": 1e-8, \"decoupled_weight_decay\": false"),
  ].map { name, keys in
    Case(
      "groups.json", "[{\"lr\": 0.1, \"weight_decay\": 1, \(keys)}]",
      "groups.json:1: optimizer '\(name)' has no prediction; known: adamw, adam, sgd, lion, decoupled_adamw,"
        + " decoupled_lionw")
  }

  static let toml: [Case] = [
    Case("a.toml", "[optimizer]\nlr = 1\nlr = 2", "a.toml:3: key 'lr' is given twice"),
    Case("a.toml", "[optimizer]\nlr = 1\n[optimizer]", "a.toml:3: key 'optimizer' is given twice"),
    Case("a.toml", "[optimizer]\nlr.a = 1\nlr = 2", "a.toml:3: key 'lr' is given twice"),
    Case("a.toml", "[optimizer]\nlr 1", "a.toml:2: not valid TOML: expected '=' after a key, found '1'"),
    Case("a.toml", "[optimizer]\nlr =", "a.toml:2: not valid TOML: expected a value, found the end"),
    Case(
      "a.toml", "[optimizer\nlr = 1",
      "a.toml:1: not valid TOML: expected ']' after a table's name, found the end of the line"),
    Case(
      "a.toml", "[optimizer]\nlr = abc",
      "a.toml:2: not valid TOML: expected a value, found 'abc'; text needs quotes"),
    Case(
      "a.toml", "[optimizer]\nlr = 1 2", "a.toml:2: not valid TOML: expected the end of the line, found '2'"),
    Case("a.toml", "[optimizer]\nlr = 1__0", "a.toml:2: not valid TOML: '1__0' is not a number"),
    Case("a.toml", "[optimizer]\nname = \"a", "a.toml:2: not valid TOML: a string is not closed"),
    Case(
      "a.toml", "[optimizer]\nname = \"\\q\"", "a.toml:2: not valid TOML: an escape that TOML does not have"),
    Case(
      "a.toml", "[optimizer]\nlr = [1,\n2", "a.toml:3: not valid TOML: expected ',' or ']', found the end"),
    Case(
      "a.toml", "[optimizer]\nlr = inf", "a.toml:2: optimizer.lr is 'inf', expected a finite number above 0"),
    Case(
      "a.toml", "[optimizer]\nlr = 0x10", "a.toml:2: optimizer.lr is '0x10', expected a finite number above 0"
    ),
    Case(
      "a.toml", "[optimizer]\nlr = -1", "a.toml:2: optimizer.lr is -1.0, expected a finite number above 0"),
    Case(
      "a.toml", "a = " + String(repeating: "[", count: 100_000), "a.toml:1: not valid TOML: nested too deeply"
    ),
    Case(
      "a.toml", "a = " + String(repeating: "{a=", count: 100_000),
      "a.toml:1: not valid TOML: nested too deeply"),
    Case(
      "a.toml", "[" + String(repeating: "a.", count: 100_000) + "a]",
      "a.toml:1: not valid TOML: nested too deeply"),
    Case("a.toml", "[optimizer]\nname = \"SGD\"", "a.toml:2: unknown optimizer 'SGD'; known: AdamW, Adam"),
    Case(
      "a.toml", "title = \"a\"", "a.toml: not a run configuration in a known format; known: torchtitan"
    ),
    Case(
      "a.toml", "[training]\nsteps = 2_000_000_000_000",
      "a.toml:2: training.steps is 2000000000000.0, expected a "
        + "whole number of at least 1"),
    Case(
      "a.toml", "[optimizer]\nlr = 1", ["--optimizer.lrr=2"],
      "--optimizer.lrr=2: unknown key 'optimizer.lrr'; did you mean 'optimizer.lr'?"),
  ]

  static let yaml: [Case] = [
    Case(
      "a.yaml", "trainer: {max_epochs: 3}\nmodel: {}\noptimizer:\n  class_path: torch.optim.AdamW",
      "a.yaml:1: trainer.max_epochs: 3 counts epochs; give --dataset-size N (examples in the training set) or --steps N "
        + "(optimizer steps of the run)"),
    Case(
      "a.yaml", "optimizer: {class_path: torch.optim.Adagrad}",
      "a.yaml:1: unknown optimizer 'torch.optim.Adagrad'; known: torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, lion_pytorch.Lion"
    ),
    Case(
      "a.yaml", "trainer: {max_steps: 3}\nmodel: {}",
      "a.yaml: no optimizer is stated, so the model's code makes it, which is not read; pass "
        + "--optimizer.class_path=torch.optim.AdamW --optimizer.init_args.lr=NUMBER"),
    Case(
      "a.yaml", "max_duration: 3ba\noptimizer:\n  name: decoupled_adamw\n  lr: ${lr}",
      "a.yaml:4: optimizer.lr is '${lr}', which would have to be executed; write the value out or pass "
        + "--optimizer.lr=VALUE"),
    Case(
      "a.yaml", "max_duration: ${a}\na: ${b}\nb: ${a}\noptimizer: {name: decoupled_adamw}",
      "a.yaml:1: max_duration is '${a}', which would have to be executed; write the value out or pass "
        + "--max_duration=VALUE"),
    Case(
      "a.yaml", "max_duration: 3 weeks\noptimizer: {name: decoupled_adamw}",
      "a.yaml:1: max_duration is '3 weeks', expected a time such as 4800ba, 1ep, 10e9tok or 0.1dur"),
    Case(
      "a.yaml", "max_duration: 3ep\nglobal_train_batch_size: 2\noptimizer: {name: decoupled_adamw}",
      "a.yaml:1: max_duration: 3ep counts epochs; give --dataset-size N (examples in the training set) or --steps N "
        + "(optimizer steps of the run)"),
    Case(
      "a.yaml",
      "max_duration: 3ba\nscheduler: {name: cosine_with_warmup, t_warmup: 1tok}\noptimizer: {name: decoupled_adamw}",
      "a.yaml:2: missing key 'global_train_batch_size' in 'the file, which 'scheduler.t_warmup: 1tok' needs'"),
    Case(
      "a.yaml", "max_duration: 3ba\noptimizer: {name: decoupled_adamw, weight_decay: 1}",
      "a.yaml:2: optimizer.weight_decay is 1.0, expected below 1, as a share of the weight"),
    Case(
      "a.yaml", "a: &b 1\nc: *b", "a.yaml:1: '&b' looks like a YAML anchor; anchors and aliases are not read"),
  ]

  @Test(arguments: json + groups + toml + yaml)
  func badFile(_ test: Case) throws {
    let clock = ContinuousClock()
    let start = clock.now
    let error = #expect(throws: ConfigurationError.self) {
      try RunConfiguration.read(
        text: test.text, path: test.path, overrides: test.overrides,
        format: test.path == "a.toml" && test.text.hasPrefix("[") ? "torchtitan" : nil)
    }
    #expect(error?.description == test.message)
    #expect(clock.now - start < .seconds(5))
  }

  // MARK: States of Python

  @Test(arguments: [
    ("x.pt", [UInt8]("{}".utf8)), ("x.ckpt", []), ("x.json", [0x50, 0x4B, 0x03, 0x04, 0]),
    ("x.yaml", [0x80, 0x02, 0x7D]), ("x", [UInt8]("(dp0\nS'lr'\n".utf8)),
    ("x.txt", [UInt8]("cos\nsystem\n".utf8)),
  ])
  func statesAreRefused(name: String, bytes: [UInt8]) throws {
    try withFile(name, bytes) { path in
      let error = #expect(throws: ConfigurationError.self) { try RunConfiguration.read(path: path) }
      let line = try #require(error?.description)
      #expect(
        line == """
          \(path): a pickle or zip archive, which is not read since unpickling can execute code; export what is needed: \
          python -c "import json, sys, torch; s = torch.load(sys.argv[1], map_location='cpu', weights_only=True); \
          s = s.get('optimizer') or s.get('optimizer_state_dict') or s.get('optimizer_states', [s])[0]; \
          print(json.dumps(s['param_groups'], default=float))" \(path) > groups.json
          """)
      #expect(error?.isMissingInput == false)
      #expect(error?.isUsage == false)
    }
  }

  @Test func argumentsOfTheTrainerNeedTheirClass() throws {
    try withFile("training_args.bin", [0x50, 0x4B, 0x03, 0x04]) { path in
      let error = #expect(throws: ConfigurationError.self) { try RunConfiguration.read(path: path) }
      #expect(
        error?.description.hasSuffix(
          "python -c \"import sys, torch; print(torch.load(sys.argv[1], weights_only=False).to_json_string())\" "
            + "\(path) > training_args.json (this executes what the file asks for: only for files that you trust)"
        ) == true)
    }
  }

  @Test(arguments: ["sparse.json", "sparse.yaml", "sparse.toml", "sparse"])
  func aGigabyte(name: String) throws {
    try withFile(name, [UInt8]("{".utf8)) { path in
      let file = try #require(fopen(path, "r+"))
      fseek(file, 1_000_000_000, SEEK_SET)
      fputc(0x7D, file)
      fclose(file)
      let start = ContinuousClock().now
      let error = #expect(throws: ConfigurationError.self) { try RunConfiguration.read(path: path) }
      #expect(error?.description == "\(path): larger than 64 MB, too large for a run configuration")
      #expect(ContinuousClock().now - start < .seconds(5))
    }
  }

  @Test(
    arguments: ["a.json", "a.toml", "a.yaml", "a"],
    [[UInt8]]([[], [0x20, 0x0A], [0xFF, 0xFE, 0x61], [0, 1, 2]]))
  func notText(name: String, bytes: [UInt8]) throws {
    try withFile(name, bytes) { path in
      let error = #expect(throws: ConfigurationError.self) { try RunConfiguration.read(path: path) }
      let isBlank = bytes.allSatisfy { $0 <= 0x20 && $0 >= 0x09 }
      #expect(
        error?.description
          == "\(path): \(isBlank ? "empty, expected a run configuration" : "not a text file (expected UTF-8)")"
      )
    }
  }

  private static func many(_ count: Int, _ separator: String = "", _ item: (Int) -> String) -> String {
    (0..<count).map(item).joined(separator: separator)
  }

  /// What would take long if it were copied, searched or compared too often.
  static let long: [(path: String, text: String)] = [
    ("a.json", "{\(many(60_000, ",") { "\"lr\($0)\": {\"decay\": 1}" })}"),
    ("a.json", "[\(many(400_000, ",") { _ in "1" })]"),
    ("a.json", "{\"\(many(400_000) { _ in "a" })\": {\(many(50_000, ",") { "\"\($0)\": 1" })}}"),
    ("a.toml", many(100_000) { _ in "[[a]]\n" }),
    ("a.toml", "[optimizer]\n" + many(60_000) { "lr\($0) = 1\n" }),
    ("a.toml", "a = [\(many(300_000, ",") { _ in "1" })]"),
    ("a.toml", "a = \'\'\'" + many(200_000) { _ in "\'\'\n" }),
    ("a.yaml", "optimizer: {class_path: SGD}\nlr_scheduler:\n" + many(18_000) { "  a\($0): 1\n" }),
    ("a.yaml", "max_duration: 1ba\noptimizer: {name: sgd}\n" + many(18_000) { "a\($0): ${a\($0 + 1)}\n" }),
    // Keys as long as a whole file for each item of a list, and a list that many references lead to.
    ("a.json", "{\"\(many(400_000) { _ in "a" })\": [\(many(50_000, ",") { _ in "1" })]}"),
    ("a.toml", "\(many(400_000) { _ in "a" }) = [\(many(50_000, ",") { _ in "1" })]"),
    ("a.yaml", "\"\(many(1000) { _ in "a" })\": [\(many(50_000, ",") { _ in "1" })]"),
    ("a.sh", "python train.py --opt sgd --\(many(400_000) { _ in "a" }) \(many(50_000, " ") { _ in "1" })"),
    (
      "a.yaml",
      "max_duration: 1ba\noptimizer: {name: sgd}\nl: [\(many(50_000, ",") { _ in "1" })]\n"
        + many(15_000) { "a\($0): ${l}\n" }
    ),
    // A log that goes back again and again.
    (
      "trainer_state.json",
      "{\"max_steps\": 9, \"global_step\": 9, \"log_history\": ["
        + many(100_000, ",") { "{\"learning_rate\": 1, \"step\": \($0 + 1 - $0 % 2 * 2)}" } + "]}"
    ),
    ("a.sh", "fairseq-hydra-train " + many(30_000, " ") { "a\($0)=1" }),
    ("a.sh", "python train.py --opt sgd -" + many(400_000) { _ in "a=" }),
    ("a.sh", "A=" + many(400_000) { _ in "a\"b\"" }),
    ("a.yaml", many(5000) { _ in "[" }), ("a.yaml", "a: [\(many(400_000, ",") { _ in "1" })]"),
    ("a.yaml", many(100_000) { "a\($0): 1\n" }), ("a.yaml", many(5000) { _ in "a: {" }),
  ]

  @Test(.timeLimit(.minutes(1)), arguments: long)
  func boundedTime(path: String, text: String) {
    _ = try? RunConfiguration.read(text: text, path: path, facts: RunFacts([.steps: 10]))
  }

  /// A log of 10 MB, as long runs write.
  @Test func aLongLog() throws {
    let rows = (1...100_000).map {
      "    {\n      \"epoch\": 1.0,\n      \"learning_rate\": \(1e-3 * Double(100_001 - $0) / 1e5),\n      \"loss\": 1.5,\n      \"step\": \($0)\n    }"
    }
    let text =
      "{\n  \"global_step\": 100000,\n  \"max_steps\": 100000,\n  \"log_history\": [\n\(rows.joined(separator: ",\n"))\n  ]\n}"
    #expect(text.utf8.count > 9_000_000)
    let run = try RunConfiguration.read(
      text: text, path: "trainer_state.json", overrides: ["--weight_decay=0.1", "--optim=adamw_torch"])
    // A straight line needs two rows.
    #expect(
      run.schedule == .table(LearningRateTable(steps: [1, 100_000], learningRates: [1e-3, 1e-3 * 1 / 1e5])))
  }

  private func withFile(_ name: String, _ bytes: [UInt8], _ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "roteq-\(UInt64.random(in: 0...UInt64.max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path() + "/\(name)"
    let file = try #require(fopen(path, "w"))
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
    try body(path)
  }
}
