import Dynamics
import Equilibrium
import Formulas
import Optimizers
import RealModule

/// detectron2's YAML (github.com/facebookresearch/detectron2), with its defaults.
///
/// - SGD with ℓ2 decay; the weights of normalisation layers have a decay of their own, 0 unless stated.
/// - The warmup goes to what the schedule has at its end; the cosine begins with the run, so `BASE_LR` is not reached.
enum Detectron2 {
  static let keys = [
    "BASE_LR", "BASE_LR_END", "MAX_ITER", "MOMENTUM", "NESTEROV", "WEIGHT_DECAY", "WEIGHT_DECAY_NORM",
    "WEIGHT_DECAY_BIAS", "BIAS_LR_FACTOR", "GAMMA", "STEPS", "NUM_DECAYS", "WARMUP_FACTOR", "WARMUP_ITERS",
    "WARMUP_METHOD", "RESCALE_INTERVAL", "IMS_PER_BATCH", "REFERENCE_WORLD_SIZE", "LR_SCHEDULER_NAME",
  ].map { "SOLVER.\($0)" }

  static func read(_ settings: inout RunSettings) throws(ConfigurationError) -> TrainingRun {
    for key in ["SOLVER.OPTIMIZER", "SOLVER.OPTIMIZER_NAME", "SOLVER.USE_CUSTOM_SOLVER"]
    where settings.has(key) {
      let name = try settings.text(key)
      guard !["sgd", "false"].contains(name.lowercased()) else { continue }
      throw settings.invalid(
        .unsupportedOptimizer(
          name, because: "is made by the project's own code, which is not read", known: ["SGD"]), key)
    }
    var run = TrainingRun(
      name: "", optimizer: .sgdm,
      hyperparameters: try settings.values([
        HyperparameterKey(.learningRate, "SOLVER.BASE_LR", 0.001),
        HyperparameterKey(.weightDecay, "SOLVER.WEIGHT_DECAY", 1e-4),
        HyperparameterKey(.momentum, "SOLVER.MOMENTUM", 0.9),
      ]), steps: 1, decayRule: .req)
    run.nesterov = try settings.boolean("SOLVER.NESTEROV", default: false)
    // With another number of workers than the reference the batch keeps its size for each of them.
    var scale = 1.0
    let reference = try settings.value("SOLVER.REFERENCE_WORLD_SIZE")?.wholeNumber(from: 0, upTo: 0x1p20) ?? 0
    if reference > 0 {
      let processes = try settings.required(
        .worldSize, because: "SOLVER.REFERENCE_WORLD_SIZE scales learning rate and length with the processes")
      scale = Double(processes) / Double(reference)
    }
    func scaled(_ count: Int) -> Int { Int((Double(count) / scale).rounded(.toNearestOrEven)) }
    let peak = (run.hyperparameters[.learningRate] ?? 0) * scale
    run.hyperparameters[.learningRate] = peak
    if let given = settings.fact(.steps) {
      run.steps = given
    } else {
      run.steps = Swift.max(1, scaled(try settings.wholeNumber("SOLVER.MAX_ITER", default: 40_000)))
    }
    try readSchedule(&settings, &run, peak: peak, scaled)
    let norm = try settings.number("SOLVER.WEIGHT_DECAY_NORM", in: .nonNegative, default: 0)
    run.notes.append(
      "Biases decay unless WEIGHT_DECAY_BIAS says otherwise; weights of normalisation layers with \(norm) of their own."
    )
    for key in ["BIAS_LR_FACTOR", "WEIGHT_DECAY_BIAS"].map({ "SOLVER.\($0)" }) where settings.has(key) {
      run.notes.append("Biases have \(key) = \(settings.value(key)?.source ?? "") of their own.")
    }
    if let value = settings.value("SOLVER.CLIP_GRADIENTS.ENABLED"), try value.boolean() {
      run.warnings.append(RunSettings.clips("SOLVER.CLIP_GRADIENTS"))
    }
    settings.ignore(["SOLVER.IMS_PER_BATCH", "SOLVER.MAX_ITER"])
    // A key that only a project has is read by its own code.
    let other = settings.values.first { value in
      value.key.hasPrefix("SOLVER.") && !keys.contains(value.key)
        && !["CLIP_GRADIENTS", "AMP", "CHECKPOINT_PERIOD", "OPTIMIZER", "USE_CUSTOM"].contains(
          where: value.key.contains)
    }
    if let other, !settings.isLeftOut(other.key) {
      throw other.invalid(.undecided([UnreadKey(name: other.key, nearest: nil)], by: "detectron2 itself"))
    }
    settings.passOver { key in
      !key.hasPrefix("SOLVER.")
        || ["CLIP_GRADIENTS", "AMP", "CHECKPOINT_PERIOD"].contains(where: key.contains)
    }
    return try settings.finished(run)
  }

  private static func readSchedule(
    _ settings: inout RunSettings, _ run: inout TrainingRun, peak: Double, _ scaled: (Int) -> Int
  ) throws(ConfigurationError) {
    enum Kind { case multistep, cosine, fixed }
    let kind = try settings.choice(
      "SOLVER.LR_SCHEDULER_NAME", default: "WarmupMultiStepLR",
      of: [
        ("WarmupMultiStepLR", Kind.multistep), ("WarmupCosineLR", .cosine),
        ("WarmupStepWithFixedGammaLR", .fixed),
      ])
    let steps = Double(run.steps)
    var gamma = 1.0
    var milestones: [Int] = []
    var floor = 0.0
    if kind == .cosine {
      let end = try settings.number("SOLVER.BASE_LR_END", in: .nonNegative, default: 0)
      guard end <= peak else {
        throw settings.invalid(
          .outOfRange(key: "SOLVER.BASE_LR_END", value: end, expected: "at most the learning rate \(peak)"),
          "SOLVER.BASE_LR_END")
      }
      floor = end / peak
    } else {
      gamma = try settings.number("SOLVER.GAMMA", in: .positive, default: 0.1)
    }
    if kind == .multistep {
      let whole = Domain(0, includesLower: true, upTo: 0x1p40, includesUpper: true)
      let given = try settings.numbers("SOLVER.STEPS", in: whole)
      if given == nil { settings.remark("Not stated, so detectron2's default: SOLVER.STEPS = (30000,).") }
      milestones = (given ?? [30_000]).map { scaled(Int($0)) }
      if let bad = zip(milestones, milestones.dropFirst()).first(where: { $0 >= $1 })?.1
        ?? milestones.first(where: { $0 == run.steps && run.steps > 0 && !settings.knows(.steps) })
      {
        throw settings.invalid(
          .outOfRange(
            key: "SOLVER.STEPS", value: Double(bad), expected: "rising and below SOLVER.MAX_ITER"),
          "SOLVER.STEPS")
      }
      if let late = milestones.first(where: { $0 > run.steps }) {
        run.warnings.append("SOLVER.STEPS has \(late), which is after the end: it has no influence.")
      }
      milestones.removeAll { $0 > run.steps }
    }
    let decays = kind == .fixed ? try settings.wholeNumber("SOLVER.NUM_DECAYS", default: 3, upTo: 1e6) : 0
    let iterations = try settings.wholeNumber("SOLVER.WARMUP_ITERS", from: 0, default: 1000)
    let warmup = Swift.min(Double(scaled(iterations)) / steps, 1)
    let factor = warmup > 0 ? try settings.number("SOLVER.WARMUP_FACTOR", in: .nonNegative, default: 1e-3) : 1
    let isLinear = try settings.choice(
      "SOLVER.WARMUP_METHOD", default: "linear", of: [("linear", true), ("constant", false)])
    let rescales = try settings.boolean("SOLVER.RESCALE_INTERVAL", default: false)
    let slight = 1e-6
    func base(_ x: Double) -> Double {
      switch kind {
      case .multistep:
        let t = ((x + slight) * steps).rounded(.down)
        return Double.pow(gamma, milestones.count { Double($0) <= t })
      case .fixed:
        return Double.pow(
          gamma, Swift.min(((x + slight) * Double(decays + 1)).rounded(.down), Double(decays)))
      case .cosine: return floor + 0.5 * (1 - floor) * (1 + Double.cos(.pi * x))
      }
    }
    let rise = Int((warmup * steps).rounded())
    if kind == .cosine, rise > 0 {
      run.notes.append(
        "The cosine begins with the run, so the learning rate does not reach BASE_LR after the warmup.")
    }
    let breaks =
      milestones + milestones.map { $0 - 1 } + [rise, rise - 1]
      + (0...decays).map { Int(steps / Double(decays + 1) * Double($0)) }.flatMap { [$0 - 1, $0, $0 + 1] }
    run.schedule = try .following(
      nil, settings, key: "SOLVER.LR_SCHEDULER_NAME", peak: peak, steps: run.steps, breaks: breaks
    ) { taken in
      let x = Double(taken) / steps
      guard warmup > 0, x + slight <= warmup else {
        return peak * base(rescales && warmup < 1 ? (x - warmup) / (1 - warmup) : x)
      }
      let start = factor * base(0)
      return peak * (isLinear ? start + (base(rescales ? 0 : warmup) - start) * x / warmup : start)
    }
  }
}

extension RunFormat {
  static let detectron2 = RunFormat(
    identifier: "detectron2", name: "detectron2's YAML", tool: "detectron2", syntaxes: ["YAML"],
    keys: Detectron2.keys,
    prepare: { (file, input, _) throws(ConfigurationError) in
      ParsedFile(
        try LayeredFile.merged(file.root, over: "_BASE_", input) { (input) throws(ConfigurationError) in
          try YAMLDocument.root(of: input)
        })
    }
  ) { (settings) throws(ConfigurationError) in try Detectron2.read(&settings) }
}
