/// `TrainingArguments(…)` in a Python script: the Trainer's arguments by name.
enum TrainerScript {
  private static let names: Set = ["TrainingArguments", "Seq2SeqTrainingArguments"]
  /// Classes that follow them, with other defaults of some arguments.
  private static let relatives: Set = [
    "SFTConfig", "DPOConfig", "KTOConfig", "ORPOConfig", "RewardConfig", "GRPOConfig",
  ]

  /// Methods of the arguments that set several of them.
  private static let setters: Set = ["set_training", "set_optimizer", "set_lr_scheduler", "set_dataloader"]
  /// Methods of a Trainer that make what its arguments would.
  private static let makers = [
    "create_optimizer", "create_scheduler", "create_optimizer_and_scheduler", "get_optimizer_cls_and_kwargs",
  ]

  private static func last(_ name: String) -> String {
    name.split(separator: ".").last.map(String.init) ?? name
  }

  private static func program(_ file: ParsedFile, _ fixed: [String: PythonValue]) -> PythonProgram {
    PythonProgram(file.statements, fixed: fixed) {
      names.contains(last($0)) || relatives.contains(last($0)) || last($0).hasSuffix("Trainer")
        || setters.contains(last($0))
    }
  }

  private static func calls(_ program: PythonProgram) -> [PythonProgram.Found] {
    program.calls.filter { names.contains(last($0.name)) || relatives.contains(last($0.name)) }
  }

  static func isTypical(_ file: ParsedFile) -> Bool { !calls(program(file, [:])).isEmpty }

  static func settings(
    of file: ParsedFile, _ input: InputText, _ overrides: [String]
  ) throws(ConfigurationError) -> ParsedFile {
    let fixed = TorchScript.fixed(overrides)
    let program = program(file, fixed)
    var found = calls(program)
    if case .number(let line)? = fixed["arguments_line"] {
      found = found.filter { Double($0.call.line) == line }
    }
    guard let first = found.first else {
      throw .invalid(.missingKey("TrainingArguments", in: nil), at: .file(input.path))
    }
    guard found.count == 1 else {
      throw .invalid(
        .asks(
          key: "arguments_line", choices: found.prefix(3).map { "\($0.call.line)" },
          because: "\(found.count) sets of training arguments are made"),
        at: .line(first.call.line, of: input.path))
    }
    var values = PythonExpression.lasting(first.call.named).map { member in
      ConfigurationValue(
        key: member.key, content: member.value.content(member.key, in: input.path, isNested: true),
        place: .line(member.line, of: input.path))
    }
    if relatives.contains(last(first.name)), !first.call.named.contains(where: { $0.key == "learning_rate" })
    {
      throw .invalid(
        .asks(
          key: "learning_rate", choices: ["2e-5"],
          because: "\(last(first.name)) has a default of its own, which depends on the release"),
        at: .line(first.call.line, of: input.path))
    }
    func open(_ key: String, _ source: String, _ line: Int) {
      values.removeAll { $0.key == key }
      values.append(
        ConfigurationValue(key: key, content: .unevaluated(source), place: .line(line, of: input.path)))
    }
    // What is assigned to the arguments later takes the place of what they were made with.
    for attribute in program.attributes {
      guard let dot = attribute.key.lastIndex(of: ".") else { continue }
      let object = String(attribute.key[..<dot])
      guard object == first.target || last(object) == "args" else { continue }
      let key = String(attribute.key[attribute.key.index(after: dot)...])
      if fixed[key] == nil { open(key, "\(attribute.key) = \(attribute.source)", attribute.line) }
    }
    for other in program.calls where setters.contains(last(other.name)) {
      open("optimizer.\(last(other.name))", other.call.source, other.call.line)
    }
    for name in makers where program.functions.contains(name) {
      open("optimizer.\(name)", "a method of the script", first.call.line)
    }
    // A Trainer that is given an optimizer does not make its own.
    for other in program.calls where last(other.name).hasSuffix("Trainer") {
      for member in other.call.named
      where member.key == "optimizers" || member.key == "optimizer_cls_and_kwargs" {
        values.append(
          ConfigurationValue(
            key: member.key, content: .unevaluated(other.call.source),
            place: .line(member.line, of: input.path)))
      }
    }
    var result = ParsedFile(ConfigurationValue(key: "", content: .mapping(values), place: .file(input.path)))
    result.taken = program.taken.union(["arguments_line"]).subtracting(values.map(\.key))
    return result
  }
}
