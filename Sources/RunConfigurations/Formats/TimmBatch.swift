import Formulas

/// How many updates timm's `train.py` makes an epoch.
struct TimmBatch {
  private static let repeats = Domain(0, includesLower: true, upTo: 1e5, includesUpper: true)
  private let size: Int
  private let accumulation: Int

  init(_ settings: inout RunSettings) throws(ConfigurationError) {
    size = try settings.wholeNumber("batch_size", default: 128, upTo: 1e9)
    let steps = try settings.value("grad_accum_steps")?.wholeNumber(from: 0, upTo: 1e9)
    accumulation = max(1, steps ?? 1)
  }

  /// Images of one update over all processes.
  func global(_ settings: inout RunSettings, because reason: String) throws(ConfigurationError) -> Int {
    let processes = try settings.required(.worldSize, because: reason)
    let (product, overflow) = (size * accumulation).multipliedReportingOverflow(by: processes)
    guard !overflow, product <= 1 << 50 else {
      throw settings.invalid(
        .outOfRange(key: "batch_size", value: Double(size), expected: "a global batch below 10^15"),
        "batch_size")
    }
    return product
  }

  /// Epochs and updates an epoch.
  ///
  /// - Parameter epochs: epochs of the run, with cooldown.
  func length(_ settings: inout RunSettings, epochs: Int) throws(ConfigurationError) -> (
    epochs: Int, updates: Int
  ) {
    if let steps = settings.fact(.steps) {
      guard steps % epochs == 0 else {
        throw settings.invalid(
          .wrongKind(key: "--steps", found: "\(steps)", expected: "a multiple of the \(epochs) epochs"),
          "epochs")
      }
      settings.ignore(["dataset", "train_split", "aug_repeats", "epoch_repeats"])
      return (epochs, steps / epochs)
    }
    let examples = try examples(&settings, epochs)
    let processes = try settings.required(
      .worldSize,
      because: "batch_size = \(size) is that of one process, so updates an epoch depend on their number")
    let updates = try updates(&settings, examples, processes)
    guard updates >= 1, updates < (1 << 50) / epochs else {
      throw settings.invalid(
        .outOfRange(key: "--dataset-size", value: Double(examples), expected: "enough for one global batch"),
        "batch_size")
    }
    return (epochs, updates)
  }

  /// `len(loader_train)` over the accumulated batches, rounded up.
  private func updates(
    _ settings: inout RunSettings, _ examples: Int, _ processes: Int
  ) throws(ConfigurationError) -> Int {
    let repeats = try settings.value("aug_repeats")?.number(in: .nonNegative) ?? 0
    var own = examples
    if processes > 1 {
      // DistributedSampler fills up; the sampler of repeated augmentation takes multiples of 256.
      own =
        repeats > 0 && examples >= 256
        ? examples / 256 * 256 / processes : examples / processes + (examples % processes == 0 ? 0 : 1)
    }
    let batches = own / size
    return batches / accumulation + (batches % accumulation == 0 ? 0 : 1)
  }

  private func examples(_ settings: inout RunSettings, _ epochs: Int) throws(ConfigurationError) -> Int {
    let dataset = settings.has("dataset") ? try settings.text("dataset") : ""
    let split = settings.has("train_split") ? try settings.text("train_split") : "train"
    _ = (settings.value("dataset"), settings.value("train_split"))
    let readsRepeats = ["tfds/", "wds/", "hfids/"].contains { dataset.hasPrefix($0) }
    let repeats =
      readsRepeats ? max(1, try settings.value("epoch_repeats")?.number(in: Self.repeats) ?? 1) : 1
    settings.ignore(["epoch_repeats"])
    var size = settings.fact(.datasetSize)
    if size == nil, split == "train", let known = Self.known(dataset) {
      settings.remark(
        "The training set of \(dataset) has \(known) images; --dataset-size gives another number.")
      size = known
    }
    guard let size else {
      let source = ["data_dir", "data"].compactMap { key in settings.values.first { $0.key == key }?.source }
        .joined()
      let hint = source.lowercased().contains("imagenet") ? " (ImageNet-1k has 1281167 training images)" : ""
      let reason = "the run counts \(epochs) epochs of a data set whose size is not stated\(hint)"
      return try settings.required(.datasetSize, because: reason)
    }
    return Int((Double(size) * repeats).rounded(.up), clampedTo: 1 << 60)
  }

  /// The training images of a data set whose name says which it is.
  static func known(_ dataset: String) -> Int? {
    let name = dataset.lowercased()
    let last = name.split(separator: "/").last.map(String.init) ?? name
    switch last {
    case "cifar10", "cifar100": return 50_000
    case "mnist", "fashion_mnist": return 60_000
    case "imagenet", "imagenet2012", "imagenet-1k", "imagenet-1k-wds", "imagenet1k":
      // A folder, too, may have that name.
      return name.contains("/") ? 1_281_167 : nil
    default: return nil
    }
  }
}
