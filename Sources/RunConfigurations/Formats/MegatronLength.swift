import Dynamics
import Formulas
import RealModule

/// How long a Megatron run is, and its learning rate schedule as `OptimizerParamScheduler` computes it.
struct MegatronLength {
  /// Iterations of the run.
  let steps: Int
  private(set) var warnings: [String] = []
  /// Samples or tokens of an iteration where lengths are given in them, otherwise 1.
  private let batch: Double
  /// What the keys of lengths end in: `iters`, `samples` or `tokens`.
  private let unit: String
  /// The length of the run as it is given.
  private let total: Double

  init(_ settings: inout RunSettings) throws(ConfigurationError) {
    let most = 1e15
    let iterations = try settings.value("train_iters")?.wholeNumber(upTo: most)
    let samples = try settings.value("train_samples")?.wholeNumber(upTo: most)
    let given = settings.fact(.steps)
    if let samples, iterations == nil {
      let size = try Self.globalBatch(&settings)
      guard size <= samples else {
        throw settings.invalid(
          .outOfRange(key: "train_samples", value: Double(samples), expected: "at least one global batch"),
          "train_samples")
      }
      let count = given ?? samples / size
      if let tokens = try Self.tokens(&settings) {
        (batch, unit) = (tokens, "tokens")
        steps = try Self.limited(count, &settings, tokens)
        total = Double(steps) * tokens
      } else {
        (steps, batch, unit, total) = (count, Double(size), "samples", Double(samples))
      }
    } else {
      let count =
        if let stated = iterations ?? given { stated } else {
          try settings.required(.steps, because: "neither train_iters nor train_samples is stated")
        }
      if let tokens = try Self.tokens(&settings) {
        (batch, unit) = (tokens, "tokens")
        steps = try Self.limited(given ?? count, &settings, tokens)
        total = Double(steps) * tokens
      } else {
        (steps, batch, unit, total) = (given ?? count, 1, "iters", Double(count))
      }
    }
    if let ramp = settings.value("rampup_batch_size") {
      warnings.append(
        "rampup_batch_size = \(ramp.source): the schedule counts samples, of which the first iterations have fewer."
          + " It is taken as if every iteration had the full batch.")
    }
    settings.ignore(["global_batch_size", "micro_batch_size"])
  }

  /// Tokens of an iteration where Megatron-DeepSpeed's schedule counts them; nil where it does not.
  private static func tokens(_ settings: inout RunSettings) throws(ConfigurationError) -> Double? {
    guard settings.has("lr_decay_tokens") else { return nil }
    let length = try settings.wholeNumber("seq_length", upTo: 1e9)
    return Double(try globalBatch(&settings)) * Double(length)
  }

  /// The run ends when its tokens are used up.
  private static func limited(
    _ steps: Int, _ settings: inout RunSettings, _ tokens: Double
  ) throws(ConfigurationError) -> Int {
    guard let most = try settings.value("train_tokens")?.wholeNumber(upTo: 1e15) else { return steps }
    return min(steps, Int((Double(most) / tokens).rounded(.up)))
  }

  private static func globalBatch(_ settings: inout RunSettings) throws(ConfigurationError) -> Int {
    if let value = settings.value("global_batch_size") { return try value.wholeNumber(upTo: 1e9) }
    let micro = try settings.wholeNumber("micro_batch_size", upTo: 1e9)
    let processes = try settings.required(
      .worldSize,
      because: "global_batch_size is not stated, so it is micro_batch_size times the data-parallel processes")
    var parts = 1
    for key in ["tensor_model_parallel_size", "pipeline_model_parallel_size", "context_parallel_size"] {
      parts *= try settings.value(key)?.wholeNumber(upTo: 1e4) ?? 1
    }
    guard processes % parts == 0, processes <= 1 << 30 else {
      throw settings.invalid(
        .wrongKind(
          key: "--world-size", found: "\(processes)",
          expected: "a multiple of the \(parts) processes of a model"),
        "micro_batch_size")
    }
    return micro * (processes / parts)
  }

  func schedule(_ settings: inout RunSettings, peak: Double) throws(ConfigurationError)
    -> LearningRateSchedule
  {
    let styles = ["constant", "linear", "cosine", "inverse-square-root", "WSD"]
    let style = try settings.text("lr_decay_style", default: "linear")
    guard styles.contains(style) else {
      throw settings.invalid(.unknownName(key: "lr_decay_style", style, known: styles), "lr_decay_style")
    }
    func count(_ name: String) throws(ConfigurationError) -> Double? {
      try (settings.value("\(name)_\(unit)")?.wholeNumber(from: 0, upTo: 1e15)).map(Double.init)
    }
    let decay = try count("lr_decay") ?? total
    let fraction = try settings.value("lr_warmup_fraction")?.number(in: .nonNegative)
    let stated = try count("lr_warmup")
    let warmup = fraction.map { $0 * decay } ?? stated ?? 0
    let start = warmup > 0 ? try settings.value("lr_warmup_init")?.number(in: .nonNegative) ?? 0 : 0
    let minimum = style == "constant" ? 0 : try settings.number("min_lr", in: .nonNegative, default: 0)
    settings.ignore(["min_lr", "lr_warmup_init", "lr_warmup_\(unit)"])
    guard minimum <= peak else {
      throw settings.invalid(
        .outOfRange(key: "min_lr", value: minimum, expected: "at most lr \(peak)"), "min_lr")
    }
    guard warmup < decay else {
      throw settings.invalid(
        .outOfRange(
          key: "the warmup", value: warmup, expected: "shorter than the decay over \(Int(decay)) \(unit)"),
        fraction == nil ? "lr_warmup_\(unit)" : "lr_warmup_fraction")
    }
    var (annealing, shape) = (0.0, "linear")
    if style == "WSD" {
      guard let given = try count("lr_wsd_decay"), given > 0 else {
        throw settings.invalid(.missingKey("lr_wsd_decay_\(unit)", in: nil), "lr_decay_style")
      }
      annealing = given
      shape = try settings.text("lr_wsd_decay_style", default: "exponential")
      let shapes = ["exponential", "linear", "cosine", "minus_sqrt"]
      guard shapes.contains(shape) else {
        throw settings.invalid(
          .unknownName(key: "lr_wsd_decay_style", shape, known: shapes), "lr_wsd_decay_style")
      }
    } else {
      settings.ignore(["lr_wsd_decay_style", "lr_wsd_decay_\(unit)"])
    }
    // Without a warmup the square root is that of the samples, so the batch matters.
    let isBare = style == "inverse-square-root" && warmup == 0 && unit == "iters"
    let samples = isBare ? Double(try Self.globalBatch(&settings)) : 1
    let specification = specification(
      style, shape, warmup: warmup, start: start / peak, decay: decay, annealing: annealing,
      floor: minimum / peak)
    let breaks =
      [warmup, warmup + batch, decay, decay + batch, decay - annealing].map { Int($0 / batch) + 1 }
      + [warmup, decay].map { Int($0 / batch) }
    return try .following(
      specification, settings, key: "lr_decay_style", peak: peak, steps: steps, breaks: breaks
    ) { step in
      let done = Double(step) * batch
      if warmup > 0, done <= warmup { return start + (peak - start) * done / warmup }
      if style == "constant" { return peak }
      if done > decay { return minimum }
      if style == "inverse-square-root" {
        return max(minimum, peak * (max(warmup, 1) / max(done * samples, 1)).squareRoot())
      }
      let x = (done - warmup) / (decay - warmup)
      let share =
        switch style {
        case "linear": 1 - x
        case "cosine": (1 + Double.cos(.pi * x)) / 2
        default: Self.annealed((done - (decay - annealing)) / annealing, shape)
        }
      return minimum + share * (peak - minimum)
    }
  }

  /// The end of WSD, from 1 at x = 0 to 0 at x = 1.
  private static func annealed(_ x: Double, _ shape: String) -> Double {
    if x <= 0 { return 1 }
    switch shape {
    case "linear": return 1 - x
    case "cosine": return (1 + Double.cos(.pi * x)) / 2
    case "minus_sqrt": return 1 - x.squareRoot()
    default: return 2 * Double.pow(0.5, x) - 1
    }
  }

  /// The kind of schedule that this should be.
  private func specification(
    _ style: String, _ shape: String, warmup: Double, start: Double, decay: Double, annealing: Double,
    floor: Double
  ) -> ScheduleSpecification? {
    // Shares such as 0.001 leave rounding errors.
    let (warmup, decay, annealing) = (
      (warmup / batch).rounded(), (decay / batch).rounded(), (annealing / batch).rounded()
    )
    var schedule: ScheduleSpecification
    switch (style, shape) {
    case ("constant", _): schedule = ScheduleSpecification("constant")
    case ("linear", _): schedule = ScheduleSpecification("linear")
    case ("cosine", _): schedule = ScheduleSpecification("cosine")
    case ("inverse-square-root", _): schedule = ScheduleSpecification("inverse-sqrt")
    case ("WSD", "linear"), ("WSD", "minus_sqrt"):
      schedule = ScheduleSpecification("trapezoid")
      schedule.parameters["decay"] = [annealing]
      if shape == "minus_sqrt" { schedule.parameters["power"] = [0.5] }
    default: return nil
    }
    let hasEnd = style != "constant" && style != "inverse-square-root"
    if hasEnd, floor > 0 { schedule.parameters["floor"] = [floor] }
    if warmup > 0 { schedule.warmup = Int(warmup) }
    if warmup > 0, start > 0 { schedule.warmupFrom = start }
    if hasEnd, Int(decay) != steps { schedule.end = Int(decay) }
    return schedule
  }
}
