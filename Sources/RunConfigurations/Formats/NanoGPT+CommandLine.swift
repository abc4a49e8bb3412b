extension CommandLineProgram {
  /// `python train.py config/NAME.py --key=value`, as nanoGPT's `configurator.py` takes it: in the order of the words.
  static let nanoGPT = CommandLineProgram(
    identifier: "nanogpt", name: "nanoGPT's train.py", scripts: ["train.py"],
    flags: CommandLineFlags(NanoGPT.defaults.map { CommandLineFlag(names: ["--\($0.name)"], count: .one) }),
    telling: Set(NanoGPT.defaults.map(\.name).filter { $0.contains("_") })
  ) { (arguments) throws(ConfigurationError) in
    var layout = Layout(settings: [])
    for word in arguments.words {
      let place = ConfigurationError.Place.line(word.line, of: arguments.path)
      if CommandLineArguments.isFlag(word) {
        guard let equals = word.text.firstIndex(of: "="), word.text.hasPrefix("--") else {
          throw .invalid(.notAnOverride, at: place)
        }
        let key = String(word.text[..<equals].dropFirst(2))
        guard NanoGPT.defaults.contains(where: { $0.name == key }) else {
          throw .invalid(.unknownKey(key, known: NanoGPT.defaults.map(\.name)), at: place)
        }
        let text = String(word.text[equals...].dropFirst())
        layout.put([
          ConfigurationValue(
            key: key, content: word.isUnevaluated ? .unevaluated(text) : .word(text), place: place)
        ])
      } else if word.text.hasSuffix(".py") {
        let file = try arguments.file(word)
        let parsed = try Syntax.python.parse(file, NanoGPT.known)
        if let stranger = parsed.stranger { throw stranger }
        layout.put(try parsed.root.mapping().values)
        layout.helpers.formUnion(parsed.helpers)
      } else {
        layout.warnings.append("Line \(word.line): \(word.text.excerpt) is not read.")
      }
    }
    return layout
  }
}
