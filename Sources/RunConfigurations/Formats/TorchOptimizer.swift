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
    switch last.lowercased() {
    case "sgd": optimizer = .sgdm
    case "adam":
      let key = prefix + "decoupled_weight_decay"
      let isDecoupled = if settings.has(key) { try settings.boolean(key) } else { false }
      optimizer = isDecoupled ? .adamW : .adamL2
      if isDecoupled { notes.append("Adam with decoupled_weight_decay is AdamW.") }
    case "adamw", "fusedadamw", "adamw8bit", "pagedadamw", "pagedadamw8bit": optimizer = .adamW
    case "lion", "lion8bit", "pagedlion", "pagedlion8bit": optimizer = .lion
    default: throw settings.invalid(.unknownName(key: "optimizer", name, known: Self.known), nameKey)
    }
    if last.lowercased().hasSuffix("8bit") {
      notes.append("\(last) is read as \(optimizer.title); what rounding its moments does is left out.")
    }
    let usual = optimizer == .lion ? 1e-4 : 1e-3
    hyperparameters[.learningRate] =
      if let learningRate { learningRate } else {
        try settings.number(prefix + "lr", in: .positive, default: usual)
      }
    var decay = 0.0
    // Adam that decays decoupled keeps Adam's default of none.
    if optimizer == .adamW, last.lowercased() != "adam" { decay = 0.01 }
    hyperparameters[.weightDecay] = try settings.number(
      prefix + "weight_decay", in: .nonNegative, default: decay)
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
      let epsilon = try settings.number(prefix + "eps", in: .nonNegative, default: 1e-8)
      if optimizer == .adamW { hyperparameters[.epsilon] = epsilon }
    }
    for flag in ["amsgrad", "maximize"] where settings.has(prefix + flag) {
      guard try settings.boolean(prefix + flag) else { continue }
      if flag == "amsgrad" { warnings.append("amsgrad is set, which the predictions leave out.") }
    }
    settings.ignore(["foreach", "fused", "capturable", "differentiable"].map { prefix + $0 })
  }
}
