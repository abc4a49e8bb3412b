import Dynamics
import Equilibrium
import Formulas
import Optimizers

/// `optimizer.state_dict()["param_groups"]` as JSON, or the whole state with that key.
///
/// It says what the optimizer is set to, not for how long nor how it came there: `--steps` is asked for, and the learning
/// rate is taken as constant. Which optimizer it is shows in the keys of a group; where it does not, it is asked for.
enum ParameterGroups {
  static let keys = [
    "optimizer", "lr", "initial_lr", "weight_decay", "momentum", "dampening", "nesterov", "betas", "eps",
  ]

  /// The groups, nil where the value is something else.
  private static func groups(_ root: ConfigurationValue) -> [ConfigurationValue]? {
    let value = root.keys == nil ? root : root.member("param_groups")
    guard case .list(let items)? = value?.content, !items.isEmpty else { return nil }
    return items.allSatisfy { $0.member("lr") != nil || $0.member("params") != nil } ? items : nil
  }

  static func isTypical(_ root: ConfigurationValue) -> Bool { groups(root) != nil }

  static func read(_ settings: inout RunSettings) throws(ConfigurationError) -> TrainingRun {
    guard let groups = groups(settings.root) else {
      throw .invalid(.missingKey("param_groups", in: nil), at: .file(settings.path))
    }
    for key in ["", "param_groups"] { _ = settings.value(key) }
    settings.use(under: "state")
    var notes: [String] = []
    var warnings: [String] = []
    let main = try main(of: groups, &notes, &warnings)
    settings.adopt(ConfigurationValue(key: "", content: main.content, place: main.place))
    for key in ["params", "param_names"] { _ = settings.value(key) }
    let (name, isDecoupled) = try optimizer(&settings, group: main)
    // Where a schedule has set the learning rate, `initial_lr` keeps what it started from.
    var rates: [Double] = []
    for key in ["initial_lr", "max_lr", "lr"] where settings.has(key) {
      rates.append(try settings.number(key, in: .nonNegative))
    }
    let peak = rates.max() ?? 0
    guard peak > 0 else {
      throw settings.invalid(.outOfRange(key: "lr", value: peak, expected: "\(Domain.positive)"), "lr")
    }
    if let now = rates.last, settings.has("lr"), now != peak {
      notes.append(
        "The learning rate was \(now) when the state was saved; the highest that it tells of, \(peak), is taken."
      )
    }
    let torch = try TorchOptimizer(
      &settings, name: name, nameKey: "optimizer", prefix: "", learningRate: peak)
    let steps = try settings.required(.steps, because: "parameter groups do not say how long the run is")
    notes.append("The schedule is not part of the optimizer's state: the learning rate is taken as constant.")
    settings.ignore([
      "initial_lr", "max_lr", "min_lr", "base_momentum", "max_momentum", "lr_scale", "decoupled_weight_decay",
      "name", "group_name", "param_group", "fused", "foreach", "maximize", "amsgrad", "step",
      "bias_correction",
    ])
    var run = TrainingRun(
      name: settings.stem, optimizer: torch.optimizer, hyperparameters: torch.hyperparameters,
      nesterov: torch.nesterov, decayConvention: isDecoupled ? .decoupled : .coupled, steps: steps,
      schedule: .constant, decayRule: groups.count > 1 ? .req : .all,
      notes: notes + torch.notes + settings.notes,
      warnings: warnings + torch.warnings + settings.warnings, ignored: settings.ignored)
    run.groups = named(groups, except: main)
    return run
  }

  /// Groups that say which parameters are in them, where they have settings of their own.
  private static func named(_ groups: [ConfigurationValue], except main: ConfigurationValue)
    -> [ParameterGroup]
  {
    func numbers(_ group: ConfigurationValue) -> [Symbol: Double] {
      var values: [Symbol: Double] = [:]
      values[.learningRate] = try? (group.member("initial_lr") ?? group.member("lr"))?.number(in: .positive)
      values[.weightDecay] = try? group.member("weight_decay")?.number(in: .nonNegative)
      return values
    }
    let own = numbers(main)
    return groups.enumerated().compactMap { index, group in
      guard case .list(let names)? = group.member("param_names")?.content, numbers(group) != own else {
        return nil
      }
      let texts = names.compactMap { try? $0.text() }
      let name = (try? (group.member("group_name") ?? group.member("name"))?.text()) ?? "group \(index + 1)"
      return texts.isEmpty ? nil : ParameterGroup(name: name, tensors: texts, hyperparameters: numbers(group))
    }
  }

  /// The group that stands for the run: of those that decay, the one with the most parameters.
  private static func main(
    of groups: [ConfigurationValue], _ notes: inout [String], _ warnings: inout [String]
  ) throws(ConfigurationError) -> ConfigurationValue {
    var all: [(index: Int, decay: Double, rate: String, count: Int)] = []
    for (index, group) in groups.enumerated() {
      _ = try group.mapping()
      let decay = try group.member("weight_decay")?.number(in: .nonNegative) ?? 0
      var count = 0
      if case .list(let parameters)? = group.member("params")?.content { count = parameters.count }
      let rate = group.member("initial_lr") ?? group.member("lr")
      all.append((index, decay, rate?.source ?? "", count))
    }
    var decaying = all.filter { $0.decay > 0 }
    let still = all.count - decaying.count
    if decaying.isEmpty { decaying = all }
    guard let main = decaying.max(by: { ($0.count, -$0.index) < ($1.count, -$1.index) }) else {
      return groups[0]
    }
    if groups.count > 1 {
      notes.append(
        "Group \(main.index + 1) of \(groups.count) is read"
          + (still > 0
            ? "; \(still) without weight decay \(still == 1 ? "has" : "have") no equilibrium." : "."))
    }
    let others = decaying.filter { $0.decay != main.decay || $0.rate != main.rate }
    for other in others.prefix(5) {
      warnings.append(
        "Group \(other.index + 1) has a learning rate of \(other.rate) and a weight decay of \(other.decay) of its own;"
          + " the predictions are those of group \(main.index + 1).")
    }
    if others.count > 5 { warnings.append("\(others.count - 5) further groups have settings of their own.") }
    return groups[main.index]
  }

  /// Keys that only optimizers have for which there is no prediction.
  private static let others: [(name: String, keys: [String])] = [
    ("RMSprop", ["centered"]), ("NAdam", ["momentum_decay"]), ("Muon", ["ns_coefficients", "ns_steps"]),
    ("LARS", ["trust_coefficient", "trust_coeff"]),
    ("LAMB", ["always_adapt", "trust_clip", "grad_averaging"]),
    ("Prodigy", ["d_coef", "d0", "prodigy_steps"]),
    ("a schedule-free optimizer", ["weight_lr_power", "weight_sum", "lr_max"]),
    ("Adafactor", ["clip_threshold", "relative_step", "scale_parameter", "beta2_decay"]),
    ("SOAP", ["precondition_frequency", "shampoo_beta"]), ("Shampoo", ["preconditioning_compute_steps"]),
    ("Adagrad", ["initial_accumulator_value"]), ("ASGD", ["lambd", "t0"]), ("Rprop", ["etas", "step_sizes"]),
    ("AdaBound", ["final_lr"]), ("Sophia or Adadelta", ["rho"]), ("MARS", ["is_mars", "mars"]),
  ]

  /// The optimizer's class, and whether its decay is scaled by the schedule alone.
  private static func optimizer(
    _ settings: inout RunSettings, group: ConfigurationValue
  ) throws(ConfigurationError) -> (name: String, isDecoupled: Bool) {
    let known = ["adamw", "adam", "sgd", "lion", "decoupled_adamw", "decoupled_lionw"]
    if let value = settings.value("optimizer") {
      let name = try value.text().lowercased()
      guard known.contains(name) else {
        throw value.invalid(.unknownName(key: "optimizer", name, known: known))
      }
      guard name.hasPrefix("decoupled_") else { return (name, false) }
      return (name == "decoupled_adamw" ? "adamw" : "lion", true)
    }
    func has(_ key: String) -> Bool { settings.has(key) }
    // RAdam has the keys of Adam but for amsgrad.
    let isRAdam = has("decoupled_weight_decay") && !has("amsgrad")
    if let other = others.first(where: { $0.keys.contains(where: has) })?.name ?? (isRAdam ? "RAdam" : nil) {
      throw group.invalid(.unsupportedOptimizer(other, because: "has no prediction", known: known))
    }
    if !has("betas"), has("dampening") || has("nesterov") { return ("sgd", false) }
    if has("betas"), !has("eps") { return ("lion", false) }
    if has("decoupled_weight_decay") {
      return (try settings.boolean("decoupled_weight_decay") ? "adamw" : "adam", false)
    }
    throw group.invalid(.ambiguousOptimizer(known: known))
  }
}

extension RunFormat {
  static let parameterGroups = RunFormat(
    identifier: "param-groups", name: "an optimizer's param_groups", tool: "PyTorch", syntaxes: ["JSON"],
    keys: ParameterGroups.keys, isStrict: true, isTypical: { ParameterGroups.isTypical($0.root) }
  ) { (settings) throws(ConfigurationError) in try ParameterGroups.read(&settings) }
}
