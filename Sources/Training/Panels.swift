/// Numbers of a layer, [neurons × columns], in panels of 16 neurons side by side: [panels][columns][16].
///
/// The last panel is filled up with neurons that nobody asked for. They are computed and never reported.
final class Panels {
  let neurons: Int
  let columns: Int
  let precision: Precision
  private let storage: UnsafeMutableRawPointer

  /// All zero.
  init(neurons: Int, columns: Int, precision: Precision) {
    self.neurons = neurons
    self.columns = columns
    self.precision = precision
    let bytes = panelCount(neurons) * columns * lanes * precision.bytes
    storage = .allocate(byteCount: bytes, alignment: vectorAlignment)
    storage.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
  }

  deinit { storage.deallocate() }

  /// How many panels there are.
  var panels: Int { panelCount(neurons) }
  /// Numbers in a panel.
  var panelSize: Int { columns * lanes }

  /// A panel, [columns × 16].
  func panel(_ index: Int) -> UnsafeMutableRawPointer { storage + index * panelSize * precision.bytes }

  /// All numbers, [panels][columns][16], those of the neurons that fill up the last panel among them.
  var raw: [Double] {
    get {
      switch precision {
      case .single: elements(of: Float.self).map(Double.init)
      case .double: Array(elements(of: Double.self))
      }
    }
    set {
      for (index, value) in newValue.enumerated() {
        switch precision {
        case .single: elements(of: Float.self)[index] = Float(value)
        case .double: elements(of: Double.self)[index] = value
        }
      }
    }
  }

  /// The numbers of the neurons that were asked for, neuron by neuron: [neurons × columns].
  var values: [Double] {
    get {
      let raw = raw
      return (0..<neurons * columns).map { raw[place($0)] }
    }
    set {
      var raw = raw
      for (index, value) in newValue.enumerated() { raw[place(index)] = value }
      self.raw = raw
    }
  }

  /// Where the number `index` of [neurons × columns] is kept.
  private func place(_ index: Int) -> Int {
    let (neuron, column) = index.quotientAndRemainder(dividingBy: columns)
    let (panel, lane) = neuron.quotientAndRemainder(dividingBy: lanes)
    return (panel * columns + column) * lanes + lane
  }

  private func elements<Scalar>(of type: Scalar.Type) -> UnsafeMutableBufferPointer<Scalar> {
    let count = panels * panelSize
    return UnsafeMutableBufferPointer(
      start: storage.bindMemory(to: type, capacity: count), count: count)
  }

  /// Takes over the numbers of another of the same shape.
  func copy(_ other: Panels) {
    storage.copyMemory(from: other.storage, byteCount: panels * panelSize * precision.bytes)
  }
}

/// Of sixteen numbers in double precision, the widest vector that the loops read.
let vectorAlignment = 8 * lanes

/// Panels that hold so many neurons.
func panelCount(_ neurons: Int) -> Int { (neurons + lanes - 1) / lanes }
