/// fairseq's YAML for `fairseq-hydra-train`: the settings of `fairseq-train` in groups (github.com/facebookresearch/fairseq).
///
/// `optimization`, `optimizer` and `lr_scheduler` have the names of the flags; `_name` says which optimizer and which schedule.
enum FairseqHydra {
  /// The names of `fairseq-train`, by those of the groups.
  static let spellings: [String: String] = {
    var spellings = ["optimizer": "optimizer._name", "lr_scheduler": "lr_scheduler._name"]
    for key in ["max_update", "max_epoch", "lr", "clip_norm", "update_freq", "stop_min_lr"] {
      spellings[key] = "optimization.\(key)"
    }
    for key in ["adam_betas", "adam_eps", "weight_decay", "momentum"] { spellings[key] = "optimizer.\(key)" }
    for key in [
      "warmup_updates", "warmup_init_lr", "total_num_update", "end_learning_rate", "power", "min_lr",
      "lr_shrink", "force_anneal", "lr_period_updates", "t_mult", "max_lr", "warmup_steps", "hold_steps",
      "decay_steps", "phase_ratio", "init_lr_scale", "final_lr_scale",
    ] { spellings[key] = "lr_scheduler.\(key)" }
    return spellings
  }()

  static func read(_ settings: inout RunSettings) throws(ConfigurationError) -> TrainingRun {
    settings.resolveReferences()
    settings.ignore([
      "optimization.sentence_avg", "optimization.update_freq", "optimizer.fp16_adam_stats",
      "optimizer.use_old_adam", "optimization.update_epoch_batch_itr", "optimizer.tpu",
    ])
    settings.passOver { key in
      [
        "common.", "checkpoint.", "task.", "dataset.", "criterion.", "model.", "distributed_training.",
        "hydra.",
      ].contains { key.hasPrefix($0) }
    }
    if settings.hasAny(under: "optimizer.groups") {
      throw settings.invalid(
        .unsupportedOptimizer(
          "composite", because: "has one optimizer for each of its groups, which is not followed",
          known: ["adam"]),
        "optimizer")
    }
    return try Fairseq.read(&settings)
  }
}

extension RunFormat {
  static let fairseqHydra = RunFormat(
    identifier: "fairseq-hydra", name: "fairseq's YAML", tool: "fairseq",
    syntaxes: ["YAML", "JSON", "shell"],
    keys: Array(FairseqHydra.spellings.values), spellings: FairseqHydra.spellings
  ) { (settings) throws(ConfigurationError) in try FairseqHydra.read(&settings) }
}

extension CommandLineProgram {
  /// `fairseq-hydra-train optimization.lr='[0.0005]' --config-dir DIR --config-name NAME`: a file, and what replaces its settings.
  static let fairseqHydra = CommandLineProgram(
    identifier: "fairseq-hydra", name: "fairseq-hydra-train",
    scripts: ["fairseq-hydra-train", "hydra_train.py"],
    flags: CommandLineFlags("config-dir config-path config-name multirun,m!")
  ) { (arguments) throws(ConfigurationError) in
    var root = ConfigurationValue(key: "", content: .mapping([]), place: .file(arguments.path))
    var layout = Layout()
    let flags = try arguments.argparse().settings
    func flag(_ key: String) -> String? { flags.first { $0.key == key }?.source }
    if let name = flag("config_name") {
      let file = name.hasSuffix(".yaml") ? name : name + ".yaml"
      let folder = flag("config_dir") ?? flag("config_path")
      var found: InputText?
      for path in [folder.map { "\($0)/\(file)" }, file].compactMap({ $0 }) where found == nil {
        let word = ShellWord(pieces: [.init(text: path, isUnevaluated: false)], line: arguments.line)
        found = try? arguments.file(word)
      }
      guard let found else {
        throw .invalid(.otherFile(file), at: .line(arguments.line, of: arguments.path))
      }
      layout.notes.append("\(file) is read as well.")
      root = LayeredFile.merge(try YAMLDocument.root(of: found), over: root)
    }
    for word in arguments.words {
      let text = word.text.drop { $0 == "+" }
      guard !CommandLineArguments.isFlag(word), let equals = text.firstIndex(of: "=") else { continue }
      var key = String(text[..<equals])
      // A group that is chosen is the name in it.
      if ["optimizer", "lr_scheduler"].contains(key) { key += "._name" }
      let place = ConfigurationError.Place.line(word.line, of: arguments.path)
      let value = String(text[equals...].dropFirst())
      root = root.replacing(
        key.split(separator: ".").map(String.init)[...],
        with: ConfigurationValue(
          key: key, content: word.isUnevaluated ? .unevaluated(value) : .word(value), place: place))
    }
    layout.settings = try root.mapping().values
    return layout
  }
}
