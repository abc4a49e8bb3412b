import Equilibrium
import Formulas
import Optimizers

/// An optimizer by the name of its class in PyTorch or a package that follows it, with the class's defaults.
struct TorchOptimizer {
  let optimizer: Optimizer
  var hyperparameters: [Symbol: Double] = [:]
  var nesterov = false
  var notes: [String] = []
  var warnings: [String] = []

  /// The names of classes that are read, for messages.
  static let known = ["torch.optim.SGD", "torch.optim.Adam", "torch.optim.AdamW", "lion_pytorch.Lion"]

  /// Reads a class's arguments.
  ///
  /// - Parameters:
  ///   - name: the class, with or without its module.
  ///   - nameKey: where the name stands, for messages.
  ///   - learningRate: the learning rate, where it is not the class's argument.
  ///   - prefix: what its arguments' keys begin with: `optimizer.init_args.`.
  init(
    _ settings: inout RunSettings, name: String, nameKey: String, prefix: String, learningRate: Double? = nil
  ) throws(ConfigurationError) {
    let last = name.split(separator: ".").last.map(String.init) ?? name
    guard let known = Self.classes[last.lowercased().filter { $0 != "_" }] else {
      throw settings.invalid(.unknownName(key: "optimizer", name, known: Self.known), nameKey)
    }
    var own = known
    for (key, isOn) in [("decoupled_weight_decay", true), ("adam_w_mode", false), ("adamw_mode", false)]
    where settings.has(prefix + key) {
      guard try settings.boolean(prefix + key) == isOn else { continue }
      if isOn, own.optimizer == .adamL2 {
        own.optimizer = .adamW
        notes.append("Adam with decoupled_weight_decay is AdamW.")
      } else if !isOn {
        own.optimizer = .adamL2
      }
    }
    if name.hasPrefix("transformers.") { (own.decay, own.epsilon) = (0, 1e-6) }
    optimizer = own.optimizer
    if last.lowercased().hasSuffix("8bit") || last.lowercased().hasSuffix("4bit") {
      notes.append("\(last) is read as \(optimizer.title); what rounding its moments does is left out.")
    }
    let usual = optimizer == .lion ? 1e-4 : 1e-3
    hyperparameters[.learningRate] =
      if let learningRate { learningRate } else {
        try settings.number(prefix + "lr", in: .positive, default: usual)
      }
    hyperparameters[.weightDecay] = try settings.number(
      prefix + "weight_decay", in: .nonNegative, default: own.decay)
    if optimizer == .sgdm {
      hyperparameters[.momentum] = try settings.number(prefix + "momentum", in: .coefficient, default: 0)
      if settings.has(prefix + "dampening") {
        hyperparameters[.dampening] = try settings.number(prefix + "dampening", in: .coefficient)
      }
      nesterov = try settings.has(prefix + "nesterov") ? settings.boolean(prefix + "nesterov") : false
    } else {
      let betas = try settings.numbers(
        prefix + "betas", in: .coefficient, default: optimizer == .lion ? [0.9, 0.99] : [0.9, 0.999])
      (hyperparameters[.beta1], hyperparameters[.beta2]) = (betas[0], betas[1])
    }
    if optimizer == .adamW || optimizer == .adamL2 {
      let epsilon = try settings.number(prefix + "eps", in: .nonNegative, default: own.epsilon)
      if optimizer == .adamW { hyperparameters[.epsilon] = epsilon }
    }
    for flag in ["amsgrad", "maximize"] where settings.has(prefix + flag) {
      guard try settings.boolean(prefix + flag) else { continue }
      if flag == "amsgrad" { warnings.append("amsgrad is set, which the predictions leave out.") }
    }
    settings.ignore(
      [
        "foreach", "fused", "capturable", "differentiable", "bias_correction", "set_grad_none", "torch_adam",
        "maximize", "optim_bits", "is_paged", "percentile_clipping", "block_wise", "correct_bias",
      ].map { prefix + $0 })
  }

  /// What a class is, and its defaults.
  private struct Class {
    var optimizer: Optimizer
    var decay = 0.0
    var epsilon = 1e-8
  }

  /// Classes by their names in lower case, without underscores.
  private static let classes: [String: Class] = {
    var classes = ["sgd": Class(optimizer: .sgdm), "adam": Class(optimizer: .adamL2)]
    for name in ["adamw", "fusedadamw", "adamw8bit", "pagedadamw", "pagedadamw8bit", "adamw4bit", "adamwfp8"]
    {
      classes[name] = Class(optimizer: .adamW, decay: 0.01)
    }
    // Those of apex and DeepSpeed are AdamW unless they are told otherwise, with Adam's default of no decay.
    for name in ["fusedadam", "deepspeedcpuadam", "cpuadam"] { classes[name] = Class(optimizer: .adamW) }
    for name in ["lion", "lion8bit", "pagedlion", "pagedlion8bit", "fusedlion"] {
      classes[name] = Class(optimizer: .lion)
    }
    return classes
  }()
}
