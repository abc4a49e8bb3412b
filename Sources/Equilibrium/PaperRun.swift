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
}

extension PaperRun {
  private static func run(
    _ dataset: String, _ model: String, _ optimizer: String, batch: String, steps: Int, lr: Double,
    decay: Double,
    beta2: Double? = nil, fewShot: Double? = nil, note: String? = nil
  ) -> PaperRun {
    var values: [Symbol: Double] = [.learningRate: lr, .weightDecay: decay]
    if optimizer == "sgdm" { values[.momentum] = 0.9 } else { values[.beta1] = 0.9 }
    // Appendix K: β₂ = 0.999 unless otherwise stated, for Lion exclusively.
    if optimizer != "sgdm" { values[.beta2] = beta2 ?? 0.999 }
    return PaperRun(
      dataset: dataset, model: model, optimizer: optimizer, batch: batch, steps: steps, zeroShot: values,
      fewShotDecay: fewShot, note: note)
  }

  /// Steps of training on `examples` for `epochs`, incomplete batches dropped.
  private static func steps(_ examples: Int, _ batch: Int, _ epochs: Int) -> Int { examples / batch * epochs }

  /// The rows of Table 4.
  public static let table4: [PaperRun] = {
    let (cifar, imagenet) = (50_000, 1_281_167)
    return [
      run("CIFAR-10", "ResNet-20", "sgdm", batch: "128", steps: steps(cifar, 128, 200), lr: 0.5, decay: 1e-4),
      run(
        "CIFAR-10", "ResNet-20", "sgdm", batch: "2048", steps: steps(cifar, 2048, 200), lr: 4.8, decay: 1e-4,
        fewShot: 2e-4),
      run(
        "CIFAR-10", "ResNet-20", "adamw", batch: "128", steps: steps(cifar, 128, 200), lr: 5e-2, decay: 1e-2,
        note: "few-shot: RV tracker β = 0.9"),
      run(
        "CIFAR-10", "ResNet-20", "adamw", batch: "2048", steps: steps(cifar, 2048, 200), lr: 1.6e-1,
        decay: 1e-2,
        fewShot: 8e-2),
      run("CIFAR-10", "ResNet-20", "lion", batch: "128", steps: steps(cifar, 128, 200), lr: 5e-4, decay: 1),
      run(
        "CIFAR-10", "ResNet-20", "lion", batch: "2048", steps: steps(cifar, 2048, 200), lr: 1.6e-2, decay: 1,
        fewShot: 2),
      run(
        "ImageNet-1k", "ResNet-50", "sgdm", batch: "256", steps: steps(imagenet, 256, 90), lr: 1e-1,
        decay: 1e-4),
      run(
        "ImageNet-1k", "DeiT tiny", "adamw", batch: "1024", steps: steps(imagenet, 1024, 300), lr: 5e-4,
        decay: 5e-2, fewShot: 2e-1),
      run(
        "IWSLT2014 de-en", "Transformer-S", "adamw", batch: "4096", steps: 22_021, lr: 5e-4, decay: 1e-4,
        beta2: 0.98, fewShot: 4e-1,
        note: "no zero-shot cell in Table 4; η, λ and β₂ are those of the authors' script"),
      run(
        "Wikitext", "GPT2-124M", "adamw", batch: "55×3", steps: 15_000, lr: 5e-3, decay: 0.5, beta2: 0.95),
      run(
        "OpenWebText", "GPT2-124M", "adamw", batch: "12×40", steps: 5_000, lr: 4.8e-3, decay: 0.1, beta2: 0.95
      ),
    ]
  }()
}
