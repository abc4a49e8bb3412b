import CVectorKernels

/// A parameter in training: its numbers, its moments, and how it is updated.
final class Parameter {
  let name: String
  let value: Panels
  /// The gradient of the next step: of all panels, or of one at a time where there is only one.
  let gradient: Panels
  let isDecayed: Bool
  let moments: [Panels]
  let rotation: Rotation?
  /// One factor a neuron, trained beside it: the network sees gain · value.
  let gain: Parameter?

  private let rule: any UpdateRule
  private let kernels: Kernels
  private let panels: [Panel]
  private let turnsWhole: Bool
  private let direction: Panels
  private let decayDirection: Panels
  private let sums: Panels
  private let unused: Panels
  private let products = Scratch(3 * lanes)

  /// Those of the step in progress.
  private var corrections = BiasCorrections()

  /// - Parameters:
  ///   - gradient: where its gradient will be; one panel is enough where panels are stepped one after another.
  ///   - wrapper: for a member of the rotational set Ω.
  init(
    _ name: String, _ value: Panels, gradient: Panels, rule: any UpdateRule, isDecayed: Bool,
    wrapper: RotationalWrapper? = nil, _ kernels: Kernels
  ) {
    self.name = name
    self.value = value
    self.gradient = gradient
    self.rule = rule
    self.isDecayed = isDecayed
    self.kernels = kernels
    func panels(_ neurons: Int, _ columns: Int) -> Panels {
      Panels(neurons: neurons, columns: columns, precision: kernels.precision)
    }
    turnsWhole = wrapper?.granularity == .layer
    let (neurons, columns) = (value.neurons, value.columns)
    direction = panels(turnsWhole ? neurons : lanes, columns)
    decayDirection = panels(lanes, rule.decaysThroughMoments ? columns : 0)
    moments = rule.moments.map { _ in panels(neurons, columns) }
    sums = panels(neurons, sum_count)
    unused = panels(lanes, 1)
    rotation = wrapper.map { Rotation($0, weight: value, kernels) }
    if wrapper?.learnsGain == true {
      let ones = panels(neurons, 1)
      ones.raw = Array(repeating: 1, count: ones.raw.count)
      gain = Parameter(
        name + "_gain", ones, gradient: panels(neurons, 1), rule: rule, isDecayed: false, kernels)
    } else {
      gain = nil
    }
    self.panels = (0..<value.panels).map { [direction, decayDirection, moments, sums] index in
      Panel(
        loops: kernels.loops, count: value.panelSize, weight: value.panel(index),
        gradient: gradient.shared(index), direction: direction.shared(index),
        decayDirection: decayDirection.shared(index), moments: moments.map { $0.panel(index) },
        sums: sums.panel(index))
    }
  }

  /// One step of a panel with the gradient that lies there, the panels in order. A layer that turns as a whole waits for ``finish(step:_:)``.
  func advance(panel index: Int, step: Int, _ settings: StepSettings) {
    let panel = panels[index]
    let settings = isDecayed ? settings : settings.withoutDecay
    if let gain { scaleGradient(of: panel, index, by: gain) }
    if index == 0 { corrections = rule.biasCorrections(step: step) }
    rule.direct(panel, step: step, settings, corrections)
    if let rotation {
      rotation.project(panel, index)
      if !turnsWhole { rotation.turn(panels[index...index], step: step, rotation: settings.rotation) }
    } else {
      kernels.loops.apply(
        panel.weight, panel.direction, rule.decaysThroughMoments ? panel.decayDirection : nil, panel.count,
        settings.learningRate, rule.decaysThroughMoments ? 0 : settings.shrink, panel.sums)
    }
    gain?.advance(panel: index, step: step, settings)
  }

  /// What is left of a step when all panels had theirs.
  func finish(step: Int, _ settings: StepSettings) {
    if turnsWhole { rotation?.turn(panels[...], step: step, rotation: settings.rotation) }
  }

  /// For an effective weight s·p: ∇s = ⟨∇, p⟩, ∇p = s∇.
  private func scaleGradient(of panel: Panel, _ index: Int, by gain: Parameter) {
    kernels.loops.products(panel.gradient, panel.weight, panel.count, products.at(0))
    gain.gradient.set(panel: index, products.at(lanes))
    kernels.loops.no_norm(panel.gradient, gain.value.panel(index), unused.panel(0), value.columns)
  }

  /// The moments with the names that the rule has for them.
  var namedMoments: [(name: String, moment: Panels)] { Array(zip(rule.moments, moments)) }

  /// All that it consists of, with names: its numbers, their moments, and the same of its gain.
  var contents: [(name: String, panels: Panels)] {
    [(name, value)] + namedMoments.map { ("\(name)/\($0.name)", $0.moment) } + (gain?.contents ?? [])
  }

  /// The sums over the coordinates of each neuron of a panel, of the step that it took last.
  func sums(panel index: Int) -> UnsafeMutableRawPointer { panels[index].sums }
}

extension Panels {
  /// A panel, or the only one where one serves for all.
  fileprivate func shared(_ index: Int) -> UnsafeMutableRawPointer { panel(panels == 1 ? 0 : index) }

  /// Sets the one number of each neuron of a panel.
  fileprivate func set(panel index: Int, _ numbers: UnsafePointer<Double>) {
    precision.store(numbers, panel(index), row: 0)
  }
}

extension Precision {
  /// Writes 16 doubles as a row of 16 numbers of this precision.
  fileprivate func store(_ numbers: UnsafePointer<Double>, _ rows: UnsafeMutableRawPointer, row: Int) {
    let start = rows + row * lanes * bytes
    for lane in 0..<lanes {
      switch self {
      case .single: start.storeBytes(of: Float(numbers[lane]), toByteOffset: 4 * lane, as: Float.self)
      case .double: start.storeBytes(of: numbers[lane], toByteOffset: 8 * lane, as: Double.self)
      }
    }
  }
}

extension Panel {
  /// Sets a row of what is measured, a number for each neuron.
  func set(_ row: Int, _ numbers: UnsafePointer<Double>, _ precision: Precision) {
    precision.store(numbers, sums, row: row)
  }
}
