import Formulas

/// Composer's units of time in batches, each of which is an optimizer step.
struct ComposerClock {
  private(set) var steps = 0
  private(set) var stepsPerEpoch: Int?
  private(set) var notes: [String] = []
  private var batch: Int?
  private var length: Int?
  /// The run as it is written, for shares of it.
  private var duration: (value: Double, unit: String) = (0, "ba")

  private static let units = ["ba", "ep", "tok", "sp", "dur", "iter", "sec"]

  init(_ settings: inout RunSettings) throws(ConfigurationError) {
    let given = settings.fact(.steps)
    guard let value = settings.value("max_duration") else {
      throw .invalid(.missingKey("max_duration", in: nil), at: .file(settings.path))
    }
    duration = try Self.parse(value)
    if duration.unit == "dur" { throw Self.unreadable(value) }
    for key in ["global_train_batch_size", "variables.global_train_batch_size", "train_loader.batch_size"]
    where settings.has(key) && batch == nil { batch = try settings.wholeNumber(key) }
    for key in [
      "max_seq_len", "variables.max_seq_len", "train_loader.dataset.max_seq_len", "model.max_seq_len",
    ]
    where settings.has(key) && length == nil { length = try settings.wholeNumber(key) }
    if settings.knows(.datasetSize) || duration.unit == "ep", let batch {
      if let examples = settings.fact(.datasetSize) {
        let isDropped =
          settings.has("train_loader.drop_last") ? try settings.boolean("train_loader.drop_last") : false
        stepsPerEpoch = max(1, isDropped ? examples / batch : (examples + batch - 1) / batch)
        if examples % batch != 0 {
          notes.append("The incomplete batch of an epoch \(isDropped ? "is dropped" : "counts").")
        }
      }
    }
    if let given {
      if duration.unit == "ep", stepsPerEpoch == nil, duration.value > 0 {
        stepsPerEpoch = max(1, Int((Double(given) / duration.value).rounded(), clampedTo: 1 << 50))
      }
      steps = given
      return
    }
    let number = try batches(duration, value, settings).rounded(.up)
    guard number >= 1, number <= 0x1p40 else {
      throw value.invalid(
        .outOfRange(
          key: "max_duration in batches", value: number, expected: "at least 1 and a possible number"))
    }
    steps = Int(number)
  }

  /// A time of the schedule in batches; a share of the run is cut to a whole number of the run's unit.
  func batches(_ value: ConfigurationValue, _ settings: RunSettings) throws(ConfigurationError) -> Double {
    var time = try Self.parse(value)
    if time.unit == "dur" {
      if duration.unit == "ep" {
        return (time.value * duration.value * Double(try epoch(value, settings))).rounded(.down)
      }
      time = ((time.value * duration.value).rounded(.down), duration.unit)
    }
    return try batches(time, value, settings)
  }

  private func epoch(_ value: ConfigurationValue, _ settings: RunSettings) throws(ConfigurationError) -> Int {
    guard let stepsPerEpoch else {
      guard batch != nil else { throw Self.missing("global_train_batch_size", value) }
      throw value.invalid(
        .needs([.datasetSize, .steps], because: "\(value.key): \(value.source) counts epochs"))
    }
    return stepsPerEpoch
  }

  private func batches(
    _ time: (value: Double, unit: String), _ value: ConfigurationValue, _ settings: RunSettings
  ) throws(ConfigurationError) -> Double {
    switch time.unit {
    case "ba", "iter": return time.value
    case "ep": return (time.value * Double(try epoch(value, settings))).rounded(.down)
    case "sp", "tok":
      guard let batch else { throw Self.missing("global_train_batch_size", value) }
      guard time.unit == "tok" else { return time.value / Double(batch) }
      guard let length else { throw Self.missing("max_seq_len", value) }
      return time.value / (Double(batch) * Double(length))
    default: throw Self.unreadable(value)
    }
  }

  private static func missing(_ key: String, _ value: ConfigurationValue) -> ConfigurationError {
    value.invalid(.missingKey(key, in: "the file, which '\(value.key): \(value.source)' needs"))
  }

  private static func unreadable(_ value: ConfigurationValue) -> ConfigurationError {
    value.invalid(
      .wrongKind(
        key: value.key, found: "'\(value.source)'", expected: "a time such as 4800ba, 1ep, 10e9tok or 0.1dur")
    )
  }

  /// `10_000ba`, `1e9tok`; a number alone counts epochs.
  private static func parse(_ value: ConfigurationValue) throws(ConfigurationError) -> (
    value: Double, unit: String
  ) {
    if case .unevaluated = value.content { _ = try value.number(in: .positive) }
    let text = try value.text().filter { $0 != "_" && $0 != "," && $0 != " " }
    let unit = units.first(where: text.hasSuffix) ?? ""
    let digits = text.dropLast(unit.count)
    guard digits.utf8.allSatisfy("+-.0123456789eE".utf8.contains), let number = Double(digits),
      number.isFinite,
      number >= 0
    else { throw unreadable(value) }
    return (number, unit.isEmpty ? "ep" : unit)
  }
}
