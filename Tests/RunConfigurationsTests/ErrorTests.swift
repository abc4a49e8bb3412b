import OutsideText
import RunConfigurations
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Each kind of bad input gives one line, whole.
@Suite struct ErrorTests {
  struct Case: CustomTestStringConvertible {
    let text: String
    var path = "run.yaml"
    var overrides: [String] = []
    let message: String
    var testDescription: String { message }
  }

  private func check(_ item: Case) {
    let error = #expect(throws: ConfigurationError.self) {
      try RunConfiguration.read(
        text: item.text, path: item.path, overrides: item.overrides,
        format: item.path == "run.py" ? "nanogpt" : nil)
    }
    #expect(error?.description == item.message)
    #expect(error?.isMissingInput == false)
    #expect(error?.isUsage == !item.overrides.isEmpty)
  }

  /// A sound configuration with one line replaced, and what is then said of that line.
  private static func replacing(_ line: Int, with text: String, _ message: String, at place: Int? = nil)
    -> Case
  {
    var lines = [
      "name: a", "optimizer:", "  name: sgdm", "  learning_rate: 0.1", "  weight_decay: 1e-4",
      "  momentum: 0.9",
      "steps: 100", "learning_rate_schedule:", "  name: cosine", "  floor: 0",
      "  warmup: 3", "layers:", "  - name: b", "    neurons: 2", "    dimension: 3",
    ]
    lines[line - 1] = text
    return Case(
      text: lines.joined(separator: "\n"),
      message: "run.yaml:\(place.map(String.init) ?? "\(line)"): \(message)")
  }

  @Test(arguments: [
    replacing(1, with: "nam: a", "unknown key 'nam'; did you mean 'name'?"),
    replacing(4, with: "  learning_rte: 0.1", "unknown key 'learning_rte'; did you mean 'learning_rate'?"),
    replacing(
      6, with: "  beta1: 0.9",
      "unknown key 'beta1'; known: name, nesterov, decay_convention, learning_rate, weight_decay, momentum, dampening"
    ),
    replacing(3, with: "  name: sgdn", "unknown optimizer 'sgdn'; known: sgdm, adamw, adam-l2, lion"),
    replacing(
      3, with: "  name: shampoo",
      "unknown optimizer 'shampoo' (it has no prediction yet); known: sgdm, adamw, adam-l2, lion"),
    replacing(6, with: "  nesterov: true", "missing key 'momentum' in 'optimizer'", at: 2),
    replacing(6, with: "  nesterov: yes", "nesterov is 'yes', expected true or false").adding(
      "  momentum: 0.9"),
    replacing(
      4, with: "  learning_rate: '0.1'",
      "learning_rate is the quoted text '0.1', expected a finite number above 0"),
    replacing(4, with: "  learning_rate: abc", "learning_rate is 'abc', expected a finite number above 0"),
    replacing(
      4, with: "  learning_rate: 0x1p3", "learning_rate is '0x1p3', expected a finite number above 0"),
    replacing(4, with: "  learning_rate: nan", "learning_rate is 'nan', expected a finite number above 0"),
    replacing(4, with: "  learning_rate: 1e999", "learning_rate is inf, expected a finite number above 0"),
    replacing(4, with: "  learning_rate: -1", "learning_rate is -1.0, expected a finite number above 0"),
    replacing(4, with: "  learning_rate:", "learning_rate is empty, expected a finite number above 0"),
    replacing(4, with: "  learning_rate: [1]", "learning_rate is a list, expected a finite number above 0"),
    replacing(
      4, with: "  learning_rate: 1e5",
      "learning rate times weight decay, ηλ, is 10.0, expected below 1; lower one of them", at: 2),
    replacing(6, with: "  momentum: 1", "momentum is 1.0, expected a number of at least 0 and below 1"),
    replacing(6, with: "  momentum: 0.9\n  momentum: 0.8", "key 'momentum' is given twice"),
    replacing(
      6, with: "  momentum: 0.9\n  decay_convention: fixed",
      "decay_convention 'fixed' does not go with optimizer 'sgdm'", at: 7),
    replacing(7, with: "steps: 1.5", "steps is 1.5, expected a whole number of at least 1"),
    replacing(7, with: "steps: 0", "steps is 0.0, expected a finite number of at least 1"),
    replacing(9, with: "  name: cosinus", "unknown name 'cosinus'; did you mean 'cosine'?"),
    replacing(
      9, with: "  name: constant",
      "unknown key 'floor'; known: name, warmup, warmup_from, warmup_prefix, end, hold", at: 10),
    replacing(10, with: "  floor: 1.5", "schedule 'cosine': floor is 1.5, expected 0 to 1"),
    replacing(10, with: "  floor: [0, 1]", "schedule 'cosine': floor is 1, expected one number, 0 to 1"),
    replacing(
      9, with: "  name: multistep",
      "unknown key 'floor'; known: name, milestones, gamma, warmup, warmup_from, warmup_prefix, end, hold",
      at: 10),
    replacing(
      11, with: "  warmup_from: 0", "'warmup-from' is given without a warmup; add warmup=STEPS", at: 8),
    replacing(
      11, with: "  warmup: 100",
      "the warmup takes 100 steps, but the run has 100, expected a warmup shorter than the run", at: 8),
    replacing(13, with: "  - names: b", "unknown key 'names'; did you mean 'name'?"),
    replacing(13, with: "  - b\n  - name: b", "layers[1] is 'b', expected a mapping of keys to values"),
    replacing(14, with: "    count: 2", "missing key 'neurons' in 'layers[1]'", at: 13),
    replacing(
      15, with: "    dimension: 3\n    kind: invariant",
      "unknown kind 'invariant'; known: scale_invariant, scale_sensitive", at: 16),
    replacing(15, with: "    dimension: 3\nnotes: text", "notes is 'text', expected a list", at: 16),
    replacing(15, with: "    dimension: 3\nnotes: [~]", "notes[1] is '~', expected text", at: 16),
    replacing(
      1, with: "name: &a b", "'&a' looks like a YAML anchor; anchors and aliases are not read"),
    replacing(1, with: "name: *a", "anchors and aliases are not read; write the value out"),
    replacing(
      1, with: "name: a: b", "not valid YAML: mapping values are not allowed in this context"),
    replacing(1, with: "? [a]\n: b", "a key is a list, expected a word"),
    replacing(
      1, with: "name: [", "not valid YAML: did not find expected ',' or ']' (while parsing a flow sequence)",
      at: 3),
    replacing(
      1, with: "name: a\n---",
      "not valid YAML: but found another document (expected a single document in the stream)", at: 2),
    Case(text: "- a", message: "run.yaml: the file is a list, expected a mapping of keys to values"),
    Case(
      text: "optimizer: adamw\nsteps: 1",
      message: "run.yaml:1: optimizer is 'adamw', expected a mapping of keys to values"),
    Case(text: "name: a", message: "run.yaml: missing key 'optimizer'"),
    Case(text: "# nothing", message: "run.yaml: empty, expected a run configuration"),
    Case(text: " \n\t", message: "run.yaml: empty, expected a run configuration"),
    Case(text: "a\u{0}b", message: "run.yaml: not a text file (expected UTF-8)"),
    Case(
      text: "name: a\noptimizer:\n  name: sgdm", overrides: ["--stops=3"],
      message: "--stops=3: unknown key 'stops'; did you mean 'steps'?"),
    Case(
      text: "hello", path: "run.txt",
      message:
        "run.txt: not a run configuration in a known format; known: "
        + RunConfiguration.formats.map(\.identifier).joined(separator: ", ")
    ),
  ])
  func yaml(_ item: Case) { check(item) }

  private static func python(_ text: String, _ message: String) -> Case {
    Case(text: text, path: "run.py", message: message)
  }

  private static func override(_ argument: String, _ message: String) -> Case {
    Case(text: "beta1 = 0.9", path: "run.py", overrides: [argument], message: "\(argument): \(message)")
  }

  @Test(arguments: [
    python(
      "import time\nlearning_rate = get_lr(3)",
      "run.py:2: learning_rate is 'get_lr(3)', which would have to be executed; "
        + "write the value out or pass --learning_rate=VALUE"),
    python(
      "max_iters = 1 / 0",
      "run.py:1: max_iters is '1 / 0', which would have to be executed; "
        + "write the value out or pass --max_iters=VALUE"),
    python(
      "n = f()\nmax_iters = n * 2",
      "run.py:2: max_iters is 'n * 2', which would have to be executed; "
        + "write the value out or pass --max_iters=VALUE"),
    python(
      "from base import learning_rate",
      "run.py:1: learning_rate is 'from base import learning_rate', which would have to be executed; "
        + "write the value out or pass --learning_rate=VALUE"),
    python(
      "from base import *", "run.py:1: only assignments 'name = value' are read, found 'from base import *'"),
    python(
      "beta1 = 0.9\nif True:\n  beta1 = 0",
      "run.py:2: only assignments 'name = value' are read, found 'if True:'"),
    python(
      "beta1 = 0.9\n  beta2 = 0", "run.py:2: only assignments 'name = value' are read, found 'beta2 = 0'"),
    python("beta1 += 0.9", "run.py:1: only assignments 'name = value' are read, found 'beta1 += 0.9'"),
    python("a = beta1 = 0.9", "run.py:1: only assignments 'name = value' are read, found 'a = beta1 = 0.9'"),
    python(
      "beta1, beta2 = 0, 1", "run.py:1: only assignments 'name = value' are read, found 'beta1, beta2 = 0, 1'"
    ),
    python(
      "config.beta1 = 0", "run.py:1: only assignments 'name = value' are read, found 'config.beta1 = 0'"),
    python("\n\nexec('x')", "run.py:3: only assignments 'name = value' are read, found 'exec('x')'"),
    python("a = (1,\n2", "run.py:1: not valid Python: a bracket is not closed"),
    python("a = 1)", "run.py:1: not valid Python: a bracket is closed that was not open"),
    python("b = 1\na = 'b", "run.py:2: not valid Python: a string is not closed"),
    python(
      "learning_rate = '3e-4'",
      "run.py:1: learning_rate is the quoted text '3e-4', expected a finite number above 0"),
    python("learning_rate = None", "run.py:1: learning_rate is 'None', expected a finite number above 0"),
    python("learning_rate = -3e-4", "run.py:1: learning_rate is -0.0003, expected a finite number above 0"),
    python("beta2 = 1", "run.py:1: beta2 is 1.0, expected a number of at least 0 and below 1"),
    python("decay_lr = 1", "run.py:1: decay_lr is 1, expected true or false"),
    python("warmup_iters = 2.5", "run.py:1: warmup_iters is 2.5, expected a whole number of at least 0"),
    python("n_layer = 0", "run.py:1: n_layer is 0.0, expected a finite number of at least 1"),
    python(
      "init_from = gpt2",
      "run.py:1: init_from is 'gpt2', which would have to be executed; write the value out or pass --init_from=VALUE"
    ),
    python("init_from = 'gpt3'", "run.py:1: unknown init_from 'gpt3'; did you mean 'gpt2'?"),
    python(
      "learning_rate = 20",
      "run.py: learning rate times weight decay, ηλ, is 2.0, expected below 1; lower one of them"),
    override("--learning_rte=1", "unknown key 'learning_rte'; did you mean 'learning_rate'?"),
    override("--learning_rate=abc", "learning_rate is 'abc', expected a finite number above 0"),
    override("--learning_rate=-1", "learning_rate is -1.0, expected a finite number above 0"),
    override("learning_rate=1", "expected --key=value"),
    override("--learning_rate", "expected --key=value"),
  ])
  func nanoGPT(_ item: Case) { check(item) }
}

extension ErrorTests.Case {
  /// The same with a further line after the seventh but one.
  func adding(_ line: String) -> ErrorTests.Case {
    var lines = text.split(separator: "\n").map(String.init)
    lines.insert(line, at: 6)
    return ErrorTests.Case(text: lines.joined(separator: "\n"), message: message)
  }
}

/// Files that cannot be had, and files that are made to do harm.
@Suite struct InputTests {
  /// Writes a file, reads it as a run configuration, and gives back what is said after the file's name.
  private func message(_ bytes: [UInt8], _ name: String) throws -> String {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "roteq-\(UInt64.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: name).path
    try Data(bytes).write(to: URL(filePath: path))
    let error = #expect(throws: ConfigurationError.self) { try RunConfiguration.read(path: path) }
    return String(error?.description.dropFirst(path.count) ?? "")
  }

  @Test func missing() {
    let error = #expect(throws: ConfigurationError.self) { try RunConfiguration.read(path: "none/run.yaml") }
    #expect(error?.description == "none/run.yaml: no such file")
    #expect(error?.isMissingInput == true)
    #expect(error?.isUsage == false)
  }

  @Test func folder() {
    let error = #expect(throws: ConfigurationError.self) { try RunConfiguration.read(path: "/") }
    #expect(error?.description == "/: cannot be read")
    #expect(error?.isMissingInput == true)
  }

  @Test func empty() throws {
    #expect(try message([], "a.yaml") == ": empty, expected a run configuration")
    #expect(try message([0xEF, 0xBB, 0xBF], "a.py") == ": empty, expected a run configuration")
  }

  @Test(arguments: ["a.yaml", "a.py", "a"])
  func binary(name: String) throws {
    #expect(try message([0x89, 0x02, 0x7D], name) == ": not a text file (expected UTF-8)")
    #expect(try message([0x61, 0x00, 0x62], name) == ": not a text file (expected UTF-8)")
  }

  @Test func tooLarge() throws {
    let bytes = [UInt8](repeating: UInt8(ascii: "#"), count: 1_000_001)
    #expect(try message(bytes, "a.toml") == ": larger than 1 MB, too large for a run configuration")
    let more = [UInt8](repeating: UInt8(ascii: "#"), count: 8_000_001)
    #expect(try message(more, "a.yaml") == ": larger than 8 MB, too large for a run configuration")
  }

  /// Billions of laughs in a few lines, and brackets within brackets.
  @Test(.timeLimit(.minutes(1))) func bombs() throws {
    let laughs = (1...20).map { "a\($0): &a\($0) [*a\($0 - 1), *a\($0 - 1), *a\($0 - 1)]" }
    #expect(
      try message(Array(laughs.joined(separator: "\n").utf8), "a.yaml")
        == ":1: '&a1' looks like a YAML anchor; anchors and aliases are not read")
    for opening in ["[", "{", "- ", "? ", "{a: ", "[? "] {
      let expected =
        opening.contains(":")
        ? ": more than 20000 values, too many for a run configuration"
        : ":1: not valid YAML: nested too deeply"
      let text = try message(Array(String(repeating: opening, count: 999_999 / opening.count).utf8), "a.yaml")
      #expect(text == expected)
    }
    for text in ["(", "-", "2**", "(1+", "[", "'"] {
      let count = 150_000 / text.count
      #expect(
        try !message(Array(("max_iters = " + String(repeating: text, count: count)).utf8), "a.py").isEmpty)
    }
    let signs = "max_iters = " + String(repeating: "-", count: 150_000) + "1"
    #expect(try message(Array(signs.utf8), "a.py").hasPrefix(":1: max_iters is '---"))
  }

  /// As many names as a file can hold.
  @Test(.timeLimit(.minutes(1))) func manyNames() throws {
    let text = (0..<50_000).map { "lr_\($0) = f()" }.joined(separator: "\n")
    let error = #expect(throws: ConfigurationError.self) {
      try RunConfiguration.read(text: text, path: "run.py", format: "nanogpt")
    }
    #expect(error?.description.contains("and 49995 more keys may decide the run") == true)
  }

  /// Windows line ends and a byte order mark change nothing.
  @Test func windows() throws {
    let text = "\u{FEFF}max_iters = 10\r\nbeta1 = 0.5\r\n"
    #expect(try RunConfiguration.read(text: text, path: "run.py").steps == 10)
    let error = #expect(throws: ConfigurationError.self) {
      try RunConfiguration.read(text: "max_iters = 1\r\nif a:\r\n", path: "run.py")
    }
    #expect(error?.description == "run.py:2: only assignments 'name = value' are read, found 'if a:'")
  }

  /// Without a telling extension the content decides.
  @Test func detection() throws {
    #expect(try RunConfiguration.read(text: "# x\nmax_iters = 10", path: "config").steps == 10)
    let yaml = try RoteqYAML.encode(RunConfiguration.read(path: example("resnet20-cifar10.yaml"))).text
    #expect(try RunConfiguration.read(text: yaml, path: "config").steps == 78_000)
  }
}
