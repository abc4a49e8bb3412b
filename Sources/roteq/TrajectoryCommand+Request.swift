import Dynamics
import Equilibrium
import Formulas
import Optimizers
import Reports
import RunConfigurations

// What run is asked for: by flags, or by a configuration file.
extension TrajectoryCommand {
  struct Request {
    struct Layer {
      let name: String?
      let settings: Settings
      let plan: RunPlan
      let gradient: GradientTrace?

      /// What tells its run from others of the request.
      struct Key: Hashable {
        let values: [Symbol: Double]
        let weight: WeightKind
        let distribution: InitialDistribution
      }

      /// Nil where the gradient was logged, which is that of this layer alone.
      var key: Key? {
        guard gradient == nil else { return nil }
        return Key(
          values: settings.values, weight: settings.variant.weight,
          distribution: settings.initialDistribution)
      }
    }
    var steps: Int
    var layers: [Layer]
    var stepsPerEpoch: Double?
    var notes: [String] = []

    /// How many layers differ in more than their names.
    var different: Int {
      Set(layers.compactMap(\.key)).count + layers.count { $0.key == nil }
    }

    /// Refuses what would take minutes.
    func check() throws {
      guard steps <= Trajectory.mostSteps, steps * different > TrajectoryReport.mostSteps else { return }
      throw Failure(
        "\(different) layers that differ, over \(steps) steps, are \(steps * different) steps to follow, expected at most \(TrajectoryReport.mostSteps); --layer chooses one of a configuration",
        .usage)
    }
  }

  /// What is said of a run without weight decay; nil where it has one.
  func growth(_ path: String?) throws -> Output? {
    let hasNoDecay = path == nil && values.hasNoDecay
    guard path != nil || hasNoDecay else { return nil }
    var run: TrainingRun
    var steps: RunPlan?
    if let path {
      run = try configuration.run(path, steps: plan.steps, parameters: parameters)
      guard run.hyperparameters[.weightDecay] == 0 else { return nil }
      run.hyperparameters.merge(try values.values(allowsNoDecay: true)) { _, given in given }
      guard run.hyperparameters[.weightDecay] == 0 else { return nil }
      if let initialization = start.initialization, !run.layers.isEmpty { try run.initialize(initialization) }
      if let shape = try run.layer(named: layer) { run.layers = [shape] }
    } else {
      guard let optimizer = try optimizer?.optimizer() else { return nil }
      let known = try values.values(allowsNoDecay: true)
      run = weight.run(optimizer, known)
      run.steps = try plan.requiredSteps()
      let shapes = try shapes(known)
      run.layers = shapes.map {
        LayerShape(
          name: $0.name ?? "weight", neurons: 1, dimension: Int($0.dimension), initialNorm: $0.start.norm,
          kind: weight.scaleSensitive ? .scaleSensitive : .scaleInvariant)
      }
      // The weight decay follows nothing.
      steps = try plan.plan(learningRate: known[.learningRate] ?? .nan, weightDecay: 1)
    }
    for (flag, isGiven) in [
      ("--measured", measured != nil), ("--gradient", gradient.gradient != nil), ("--plot", plot),
      ("-o", figurePath != nil),
    ] where isGiven {
      throw Failure("\(flag) does not go with a weight decay of 0, of which growth is reported", .usage)
    }
    return try PredictCommand.growth(run, path ?? run.name, plan: steps)
  }

  /// What the flags describe.
  func given() throws -> Request {
    guard let optimizer = try optimizer?.optimizer() else {
      throw Failure("missing --optimizer or a configuration file", .usage)
    }
    let convention = try optimizer.decayConvention(decayConvention)
    var known = try values.values()
    if known[.learningRate] == nil, let peak = try plan.peakOfTable() { known[.learningRate] = peak }
    optimizer.addKurtosis(to: &known)
    let steps = try plan.requiredSteps()
    let shapes = try shapes(known)
    let own = known[.weightDecay]
    if let own, let peak = known[.learningRate] {
      known[.weightDecay] = convention.coupled(fromWeightDecay: own, peak: peak)
    }
    let layers = try shapes.map { shape in
      var values = known
      values[.dimension] = shape.dimension
      values[.initialNorm] = shape.start.norm
      let kind: WeightKind = weight.scaleSensitive ? .scaleSensitive : .scaleInvariant
      let trace = try gradient.trace(layer: shape.name, steps: steps, known: values, weight: kind)
      if let trace {
        values.merge(Self.reference(trace, shape.start.norm, kind, steps: steps)) { given, _ in given }
      }
      var settings = try weight.settings(optimizer, values)
      settings.initialDistribution = shape.start.distribution
      let runPlan = try plan.plan(
        learningRate: settings.values[.learningRate] ?? .nan, weightDecay: own ?? .nan, convention: convention
      )
      return Request.Layer(name: shape.name, settings: settings, plan: runPlan, gradient: trace)
    }
    guard !layers.isEmpty else { throw Failure("--layers: no layers", .usage) }
    return Request(steps: steps, layers: layers, stepsPerEpoch: try plan.epoch())
  }

  /// What a log of the gradient makes known: the gradient power at its first step with a gradient, which the closed
  /// forms at the peak are shown with, and that there is a radial part.
  static func reference(
    _ trace: GradientTrace, _ norm: Double, _ kind: WeightKind, steps: Int
  ) -> [Symbol: Double] {
    let first = (0..<steps).first { trace.norm.factor(after: $0) > 0 } ?? 0
    let (logged, reference) = (trace.norm.factor(after: first), trace.reference)
    var known: [Symbol: Double] =
      kind == .scaleInvariant
      ? [.unitGradientPower: reference.unitPower(ofNorm: logged, normPower: norm * norm)]
      : [.gradientPower: reference.power(ofNorm: logged, normPower: norm * norm)]
    if trace.radialDecay != nil { known[.radialDecay] = 0 }
    return known
  }

  /// Name, dimension and initial norm of each layer.
  private func shapes(_ known: [Symbol: Double]) throws -> [(
    name: String?, dimension: Double, start: StartOptions.Start
  )] {
    guard let layers else {
      guard let dimension = known[.dimension] else {
        throw Failure(
          "missing --dimension: the trajectory needs the dimension C (fan-in) of the weight", .usage)
      }
      return [(nil, dimension, try start.start(known, dimension: dimension))]
    }
    for (flag, isGiven) in [
      ("--dimension", known[.dimension] != nil), ("--initial-norm", known[.initialNorm] != nil),
      ("--initialization", start.initialization != nil),
    ] where isGiven { throw Failure("\(flag) does not go with --layers, which gives it for each", .usage) }
    var names: Set<Substring> = []
    return try layers.split(separator: ",", omittingEmptySubsequences: false).map { text in
      guard names.insert(text.prefix { $0 != ":" }).inserted else {
        throw Failure("--layers: '\(text)' has the name of another layer", .usage)
      }
      let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 3, !parts[0].isEmpty else {
        throw Failure("--layers: '\(text)' is not a layer, expected NAME:C:NORM", .usage)
      }
      let dimension = try check(
        parseNumber(parts[1], flag: "--layers", expected: "\(Symbol.dimension.domain)"), flag: "--layers",
        symbol: .dimension, isRoot: false)
      return (parts[0], dimension, try StartOptions.start(parts[2], dimension, flag: "--layers"))
    }
  }

  /// What a configuration file describes: the layers whose initial norm it gives.
  func configured(_ path: String) throws -> Request {
    var run = try configuration.run(
      path, steps: plan.steps, parameters: parameters, values: values,
      held: [
        ("--optimizer", optimizer != nil), ("--layers", layers != nil), ("--nesterov", weight.nesterov),
        ("--scale-sensitive", weight.scaleSensitive), ("--gradient-moments", weight.gradientMoments != nil),
        ("--decay-convention", decayConvention != DecayConvention.coupled.rawValue),
      ] + plan.given.filter { $0.0 != "--steps" })
    if run.layers.isEmpty, let dimension = run.hyperparameters[.dimension], dimension <= 0x1p53 {
      run.layers = [
        LayerShape(
          name: "weight", neurons: 1, dimension: Int(dimension),
          initialNorm: run.hyperparameters[.initialNorm])
      ]
    }
    guard !run.layers.isEmpty else {
      throw Failure(
        "\(path): states no layers; --checkpoint or --shapes gives them, or --dimension a single one", .usage)
    }
    if let initialization = start.initialization { try run.initialize(initialization) }
    if let shape = try run.layer(named: layer) { run.layers = [shape] }
    var notes = run.notes + run.warnings
    var layers: [Request.Layer] = []
    var failure: Failure?
    for shape in run.layers {
      guard shape.initialNorm != nil else {
        notes.append("\(shape.name) is left out: its initial norm is not given.")
        continue
      }
      var run = run
      run.optimizer.addKurtosis(to: &run.hyperparameters)
      let trace = try gradient.trace(
        layer: shape.name, steps: run.steps, known: run.hyperparameters, weight: shape.kind ?? .scaleInvariant
      )
      if let trace {
        run.hyperparameters.merge(
          Self.reference(trace, shape.initialNorm ?? .nan, shape.kind ?? .scaleInvariant, steps: run.steps)
        ) { given, _ in given }
      }
      do {
        let (settings, plan) = (try run.settings(for: shape), try run.plan(for: shape))
        _ = try Trajectory(settings, plan, gradient: trace)
        layers.append(Request.Layer(name: shape.name, settings: settings, plan: plan, gradient: trace))
      } catch let error as TrajectoryError {
        notes.append("\(shape.name) is left out: \(error).")
        failure = failure ?? Self.failure(error, layer: shape.name)
      } catch { throw Failure("\(path): \(error)", .badData) }
    }
    if layers.isEmpty, let failure { throw failure }
    guard !layers.isEmpty else {
      throw Failure(
        "\(path): no layer has an initial norm; add initial_norm to the layers, or give --initialization",
        .badData)
    }
    return Request(
      steps: run.steps, layers: layers, stepsPerEpoch: run.stepsPerEpoch.map { Double($0) }, notes: notes)
  }
}
