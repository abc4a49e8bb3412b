import Dynamics
import Formulas

/// A run of the paper's Table 4: what its baseline and its rotational variant were trained with.
public struct PaperRun: Sendable {
  /// Data set.
  public let dataset: String
  /// Network.
  public let model: String
  /// Optimizer of the baseline.
  public let optimizer: String
  /// Batch size as the table prints it.
  public let batch: String
  /// Number of steps; epochs times full batches where the table gives epochs.
  public let steps: Int
  /// The baseline's hyperparameters, which the zero-shot variant uses as they are.
  public let zeroShot: [Symbol: Double]
  /// The weight decay of the few-shot variant; nil where the table says N/A or changes something else.
  public let fewShotDecay: Double?
  /// Where the table leaves something open.
  public let note: String?
  /// Schedule of the learning rate.
  public let schedule: ScheduleSpecification
  /// Fan-in of the network's most common weight vectors.
  public let dimension: Double
  /// How those weights are initialised; the table does not say.
  public let initialization: Initialization
}

extension PaperRun {
  private static func run(
    _ dataset: String, _ model: String, _ optimizer: String, batch: String, steps: Int, lr: Double,
    decay: Double, beta2: Double? = nil, fewShot: Double? = nil, note: String? = nil,
    _ network: (dimension: Double, initialization: Initialization), _ schedule: ScheduleSpecification
  ) -> PaperRun {
    var values: [Symbol: Double] = [.learningRate: lr, .weightDecay: decay]
    if optimizer == "sgdm" { values[.momentum] = 0.9 } else { values[.beta1] = 0.9 }
    // Appendix K: β₂ = 0.999 unless otherwise stated, for Lion exclusively.
    if optimizer != "sgdm" { values[.beta2] = beta2 ?? 0.999 }
    return PaperRun(
      dataset: dataset, model: model, optimizer: optimizer, batch: batch, steps: steps, zeroShot: values,
      fewShotDecay: fewShot, note: note, schedule: schedule, dimension: network.dimension,
      initialization: network.initialization)
  }

  private static func cosine(warmup: Int, from factor: Double? = nil) -> ScheduleSpecification {
    var schedule = ScheduleSpecification("cosine")
    schedule.warmup = warmup
    schedule.warmupFrom = factor
    return schedule
  }

  /// `OneCycleLR` with Table 4's "div_f=1e2 final_div_f=1e4", a rise over 2 %.
  private static var oneCycle: ScheduleSpecification {
    var schedule = ScheduleSpecification("one-cycle")
    schedule.parameters = ["rise": [0.02], "div": [1e2], "final-div": [1e4]]
    return schedule
  }

  /// Steps of training on `examples` for `epochs`, incomplete batches dropped.
  private static func steps(_ examples: Int, _ batch: Int, _ epochs: Int) -> Int { examples / batch * epochs }

  /// The rows of Table 4.
  public static let table4: [PaperRun] = {
    let (cifar, imagenet) = (50_000, 1_281_167)
    // "lr=1e-6, 5 epochs" of warmup.
    func epochs(_ examples: Int, _ batch: Int, _ lr: Double) -> ScheduleSpecification {
      cosine(warmup: steps(examples, batch, 5), from: 1e-6 / lr)
    }
    let resNet20 = (dimension: 288.0, initialization: Initialization.kaiming)
    let resNet50 = (dimension: 1152.0, initialization: Initialization.kaiming)
    let deiT = (dimension: 192.0, initialization: Initialization.normal(deviation: 0.02))
    let translation = (dimension: 512.0, initialization: Initialization.xavier(fanOut: 512))
    let gpt2 = (dimension: 768.0, initialization: Initialization.normal(deviation: 0.02))
    return [
      run(
        "CIFAR-10", "ResNet-20", "sgdm", batch: "128", steps: steps(cifar, 128, 200), lr: 0.5, decay: 1e-4,
        resNet20, epochs(cifar, 128, 0.5)),
      run(
        "CIFAR-10", "ResNet-20", "sgdm", batch: "2048", steps: steps(cifar, 2048, 200), lr: 4.8, decay: 1e-4,
        fewShot: 2e-4, resNet20, epochs(cifar, 2048, 4.8)),
      run(
        "CIFAR-10", "ResNet-20", "adamw", batch: "128", steps: steps(cifar, 128, 200), lr: 5e-2, decay: 1e-2,
        note: "few-shot: RV tracker β = 0.9", resNet20, epochs(cifar, 128, 5e-2)),
      run(
        "CIFAR-10", "ResNet-20", "adamw", batch: "2048", steps: steps(cifar, 2048, 200), lr: 1.6e-1,
        decay: 1e-2, fewShot: 8e-2, resNet20, epochs(cifar, 2048, 1.6e-1)),
      run(
        "CIFAR-10", "ResNet-20", "lion", batch: "128", steps: steps(cifar, 128, 200), lr: 5e-4, decay: 1,
        resNet20, epochs(cifar, 128, 5e-4)),
      run(
        "CIFAR-10", "ResNet-20", "lion", batch: "2048", steps: steps(cifar, 2048, 200), lr: 1.6e-2, decay: 1,
        fewShot: 2, resNet20, epochs(cifar, 2048, 1.6e-2)),
      run(
        "ImageNet-1k", "ResNet-50", "sgdm", batch: "256", steps: steps(imagenet, 256, 90), lr: 1e-1,
        decay: 1e-4, resNet50, epochs(imagenet, 256, 1e-1)),
      run(
        "ImageNet-1k", "DeiT tiny", "adamw", batch: "1024", steps: steps(imagenet, 1024, 300), lr: 5e-4,
        decay: 5e-2, fewShot: 2e-1, note: "few-shot: cos² schedule (D-3)", deiT, epochs(imagenet, 1024, 5e-4)),
      run(
        "IWSLT2014 de-en", "Transformer-S", "adamw", batch: "4096", steps: 22_021, lr: 5e-4, decay: 1e-4,
        beta2: 0.98, fewShot: 4e-1,
        note: "no zero-shot cell in Table 4; η, λ and β₂ are those of the authors' script", translation,
        cosine(warmup: 4000)),
      run(
        "Wikitext", "GPT2-124M", "adamw", batch: "55×3", steps: 15_000, lr: 5e-3, decay: 0.5, beta2: 0.95,
        gpt2, oneCycle),
      run(
        "OpenWebText", "GPT2-124M", "adamw", batch: "12×40", steps: 5_000, lr: 4.8e-3, decay: 0.1,
        beta2: 0.95, gpt2, cosine(warmup: 250)),
    ]
  }()
}

extension PaperRun {
  /// What the run's rotational variant needs to turn as its baseline did.
  ///
  /// SGDM's norm depends on the gradient norm, which the paper does not give: its weights are taken to start at the
  /// equilibrium norm of the peak, so that only the schedule takes them out of it.
  ///
  /// - Parameter optimizer: the optimizer of the baseline.
  /// - Throws: `SettingsError`, ``TrajectoryError``, `ScheduleError`.
  public func match(_ optimizer: Optimizer) throws -> RotationMatch {
    var values = zeroShot
    values[.dimension] = dimension
    values[.initialNorm] = initialization.norm(dimension: dimension)
    optimizer.addKurtosis(to: &values)
    if try Settings(optimizer, values).formula(.equilibriumNorm, .leading)?.formula.symbols
      .contains(.unitGradientPower) == true
    {
      values[.unitGradientPower] = 1
      values[.initialNorm] = try Settings(optimizer, values).formula(.equilibriumNorm, .leading)?.formula
        .evaluated(values)
    }
    let settings = try Settings(optimizer, values)
    let plan = RunPlan(
      steps: steps, learningRate: zeroShot[.learningRate] ?? .nan,
      schedule: try schedule.schedule(steps: steps),
      weightDecay: zeroShot[.weightDecay] ?? .nan)
    return try RotationMatch(Trajectory(settings, plan))
  }
}
