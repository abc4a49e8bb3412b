import CVectorKernels

/// Algorithm 1 at work on one parameter: its norms n_p and the mean squares ν_p of its update.
final class Rotation {
  private let wrapper: RotationalWrapper
  private let neurons: Int
  private let columns: Int
  private let kernels: Kernels
  /// What η̂_r is multiplied by.
  private let factors: [Double]
  /// n_p of every weight vector: the norm before the mean is taken out (line 3).
  private(set) var norms: [Double]
  /// ν_p of every weight vector.
  private(set) var powers: [Double]

  // Room for the numbers between the passes, for every neuron.
  private let products: Scratch
  private let first: Scratch
  private let second: Scratch

  /// Saves the norms of a weight and takes its mean out (lines 1–4).
  init(_ wrapper: RotationalWrapper, weight: Panels, _ kernels: Kernels) {
    self.wrapper = wrapper
    self.kernels = kernels
    neurons = weight.neurons
    columns = weight.columns
    let slots = weight.panels * lanes
    let known = wrapper.imbalance.factors(neurons: neurons)
    factors = known + Array(repeating: 1, count: slots - neurons)
    powers = Array(repeating: 0, count: slots)
    products = Scratch(3 * slots)
    first = Scratch(slots)
    second = Scratch(slots)
    norms = []
    norms = Self.centre(weight, wrapper)
  }

  private static func centre(_ weight: Panels, _ wrapper: RotationalWrapper) -> [Double] {
    let (panels, columns, neurons) = (weight.panels, weight.columns, weight.neurons)
    var raw = weight.raw
    var norms = Array(repeating: 0.0, count: panels * lanes)
    func indices(_ slot: Int) -> [Int] {
      let (panel, lane) = slot.quotientAndRemainder(dividingBy: lanes)
      return (0..<columns).map { (panel * columns + $0) * lanes + lane }
    }
    let filled = Array(neurons..<panels * lanes)
    let vectors: [[Int]] =
      switch wrapper.granularity {
      case .neuron: (0..<panels * lanes).map { [$0] }
      case .layer: [Array(0..<neurons)] + (filled.isEmpty ? [] : [filled])
      }
    for vector in vectors {
      let places = vector.flatMap(indices)
      let norm = places.reduce(0) { $0 + raw[$1] * raw[$1] }.squareRoot()
      for slot in vector { norms[slot] = norm }
      guard wrapper.zeroMean else { continue }
      let mean = places.reduce(0) { $0 + raw[$1] } / Double(places.count)
      let centred = places.reduce(0) { $0 + (raw[$1] - mean) * (raw[$1] - mean) }.squareRoot()
      for place in places { raw[place] = norm / centred * (raw[place] - mean) }
    }
    weight.raw = raw
    return norms
  }

  /// Takes the products of a panel's update with its weight, which ``turn(_:step:rotation:)`` needs.
  func project(_ panel: Panel, _ index: Int) {
    let numbers = products.at(3 * lanes * index)
    kernels.loops.rotation_products(panel.direction, panel.weight, panel.count, numbers)
    panel.set(sum_weight, numbers + 2 * lanes, kernels.precision)
  }

  /// Turns the weight by `rotation` on average, `panels` at a time: one for neurons, all for a layer (lines 11–18).
  ///
  /// - Parameter step: t, from 1.
  func turn(_ panels: ArraySlice<Panel>, step: Int, rotation: Double) {
    let loops = kernels.loops
    let slots = panels.startIndex * lanes..<panels.endIndex * lanes
    let size = Double(wrapper.granularity == .layer ? neurons * columns : columns)
    // Line 12: what of the update is along the weight, and along 1.
    let along = pooled(slots) { self.product(0, $0) }
    let ones = pooled(slots) { self.product(1, $0) }
    let weightPower = pooled(slots) { self.product(2, $0) }
    for (index, slot) in slots.enumerated() {
      first[slot] = along[index] / weightPower[index]
      second[slot] = wrapper.zeroMean ? ones[index] / size : 0
    }
    for (index, panel) in zip(panels.indices, panels) {
      let at = lanes * index
      loops.rotation_project(
        panel.direction, panel.weight, panel.count, first.at(at), second.at(at), products.at(at))
    }
    // Lines 14, 16: a mean square with Adam's bias correction.
    let β = wrapper.decayFactor
    let correction = biasCorrection(β, step)
    let directionPower = pooled(slots) { self.products[$0] }
    for (index, slot) in slots.enumerated() {
      powers[slot] = β * powers[slot] + (1 - β) * directionPower[index]
      let root = (powers[slot] / correction).squareRoot() + wrapper.epsilon
      first[slot] = rotation * factors[slot] * norms[slot] / root
      // What the gradients add to the step: |Δ_g p|².
      second[slot] = first[slot] * first[slot] * products[slot]
    }
    for (index, panel) in zip(panels.indices, panels) {
      let at = lanes * index
      loops.rotation_turn(panel.direction, panel.weight, panel.count, first.at(at), products.at(at))
    }
    let turnedPower = pooled(slots) { self.products[$0] }
    for (index, slot) in slots.enumerated() { first[slot] = norms[slot] / turnedPower[index].squareRoot() }
    for (index, panel) in zip(panels.indices, panels) {
      loops.rotation_finish(panel.weight, panel.direction, panel.count, first.at(lanes * index), panel.sums)
      panel.set(sum_update, second.at(lanes * index), kernels.precision)
    }
  }

  /// A product of the first pass for a neuron.
  private func product(_ row: Int, _ slot: Int) -> Double {
    let (panel, lane) = slot.quotientAndRemainder(dividingBy: lanes)
    return products[(3 * panel + row) * lanes + lane]
  }

  /// A number of every weight vector from those of its neurons: as they are, or the sum over the layer.
  private func pooled(_ slots: Range<Int>, _ value: (Int) -> Double) -> [Double] {
    let values = slots.map(value)
    guard wrapper.granularity == .layer else { return values }
    let sum = values.prefix(neurons).reduce(0, +)
    // The neurons that fill up the last panel are a layer of their own: they keep their norm, too.
    let filled = values.dropFirst(neurons).reduce(0, +)
    return values.indices.map { $0 < neurons ? sum : filled }
  }

  /// ν and n of every weight vector, as they are saved.
  var state: [Double] {
    get { norms + powers }
    set {
      norms = Array(newValue.prefix(norms.count))
      powers = Array(newValue.suffix(powers.count))
    }
  }
}

/// Doubles at a place that does not move.
final class Scratch {
  let count: Int
  private let storage: UnsafeMutablePointer<Double>

  init(_ count: Int) {
    self.count = count
    storage = UnsafeMutableRawPointer.allocate(byteCount: 8 * count, alignment: vectorAlignment)
      .bindMemory(to: Double.self, capacity: count)
    storage.initialize(repeating: 0, count: count)
  }

  deinit { storage.deallocate() }

  func at(_ index: Int) -> UnsafeMutablePointer<Double> { storage + index }

  subscript(index: Int) -> Double {
    get { storage[index] }
    set { storage[index] = newValue }
  }
}
