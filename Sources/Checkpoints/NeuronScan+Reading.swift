import CVectorKernels
import Safetensors

extension NeuronScan {
  /// Reads a tensor.
  ///
  /// The file is mapped and read window by window, without copies: memory stays at some tens of MB whatever its size. A file that
  /// is changed or truncated meanwhile is noticed; for that the program takes SIGBUS in pages of its own maps.
  ///
  /// - Parameters:
  ///   - tensor: one that ``CheckpointTensor/isScannable``.
  ///   - axis: where its neurons are.
  ///   - previous: the same tensor in an earlier checkpoint, of the same shape; its type may differ.
  /// - Throws: ``CheckpointError/notScannable(tensor:type:path:)``, ``CheckpointError/shapes(tensor:_:previous:path:)``, or
  ///   what becomes of files that change.
  public init(
    _ tensor: CheckpointTensor, neurons axis: NeuronAxis, since previous: CheckpointTensor? = nil
  ) throws(CheckpointError) {
    try self.init(tensor, neurons: axis, since: previous, reading: ScanReading())
  }

  init(
    _ tensor: CheckpointTensor, neurons axis: NeuronAxis, since previous: CheckpointTensor?,
    reading: ScanReading
  ) throws(CheckpointError) {
    (neurons, dimension) = tensor.layout(axis)
    norms = Array(repeating: Self.open, count: neurons)
    let now = try StoredMatrix(tensor, axis)
    guard let previous else {
      try read(isDouble: now.type == stored_float64) { [neurons] (unit) throws(CheckpointError) in
        ScanSums(try reading.sums(unit.term, of: now), neurons)
      } strays: { () throws(CheckpointError) in
        try reading.sums(term_not_finite, of: now)
      }
      return
    }
    guard tensor.shape == previous.shape else {
      throw .shapes(tensor: tensor.name, tensor.shape, previous: previous.shape, path: previous.file.path)
    }
    let before = try StoredMatrix(previous, axis)
    change = Change(
      previousNorms: norms, differenceNorms: norms, along: Array(repeating: .nan, count: neurons))
    let isDouble = now.type == stored_float64 || before.type == stored_float64
    try read(isDouble: isDouble) { (unit) throws(CheckpointError) in
      try reading.changes(of: now, since: before, in: unit)
    } strays: { () throws(CheckpointError) in
      zip(try reading.sums(term_not_finite, of: now), try reading.sums(term_not_finite, of: before)).map(+)
    }
  }

  /// A norm that no unit gave yet.
  private static let open = -1.0

  /// Takes the sums, and takes them again in other units where squares over- or underflow, as those of double precision can.
  private mutating func read(
    isDouble: Bool, _ sums: (ScanUnit) throws(CheckpointError) -> ScanSums,
    strays: () throws(CheckpointError) -> [Double]
  ) throws(CheckpointError) {
    for unit in [ScanUnit.one, .large, .small] where unit == .one || isDouble && isOpen {
      let sums = try sums(unit)
      if unit == .one, sums.hasStrays { mark(try strays()) }
      take(sums, unit, least: isDouble ? unit.least : 0)
    }
    if isOpen { close() }
  }

  /// Takes what a unit holds and no unit before did.
  private mutating func take(_ sums: ScanSums, _ unit: ScanUnit, least: Double) {
    func settle(_ norm: inout Double, _ square: Double, isHeld: Bool = false) {
      if norm == Self.open, square.isFinite, isHeld || square >= least {
        norm = square.squareRoot() * unit.size
      }
    }
    for neuron in 0..<neurons { settle(&norms[neuron], sums[change_square, neuron]) }
    guard var change else { return }
    self.change = nil
    for neuron in 0..<neurons {
      let square = sums[change_previous_square, neuron]
      let isHeld = square.isFinite && square >= least
      settle(&change.previousNorms[neuron], square)
      // What is lost of Δ does not count beside p.
      settle(&change.differenceNorms[neuron], sums[change_difference_square, neuron], isHeld: isHeld)
      if isHeld, !change.along[neuron].isFinite, !norms[neuron].isNaN {
        change.along[neuron] = square > 0 ? sums[change_product, neuron] / square : 0
      }
    }
    self.change = change
  }

  /// Whether a norm is not known yet.
  private var isOpen: Bool {
    norms.contains(Self.open) || change?.previousNorms.contains(Self.open) == true
      || change?.differenceNorms.contains(Self.open) == true
  }

  /// What no unit holds is beyond every double.
  private mutating func close() {
    func closed(_ norm: Double) -> Double { norm == Self.open ? .infinity : norm }
    norms = norms.map(closed)
    guard var change else { return }
    change.previousNorms = change.previousNorms.map(closed)
    change.differenceNorms = change.differenceNorms.map(closed)
    self.change = change
  }

  /// Notes the neurons that have numbers that are not finite.
  private mutating func mark(_ strays: [Double]) {
    nonFinite.reserveCapacity(strays.count { $0 > 0 })
    for (neuron, count) in strays.enumerated() where count > 0 {
      nonFinite[neuron] = Int(count)
      norms[neuron] = .nan
      change?.previousNorms[neuron] = .nan
      change?.differenceNorms[neuron] = .nan
    }
  }
}

/// The unit in which numbers are squared: between them, the squares of all numbers of double precision are in range.
enum ScanUnit {
  case one, large, small

  /// The size of the unit.
  var size: Double {
    switch self {
    case .one: 1
    case .large: 0x1p600
    case .small: 0x1p-600
    }
  }

  /// The smallest sum of squares in which nothing is lost that counts. In small units there is nothing smaller.
  var least: Double { self == .small ? 0 : 0x1p-900 }

  fileprivate var term: scan_term {
    switch self {
    case .one: term_square
    case .large: term_large_square
    case .small: term_small_square
    }
  }
}

/// Sums over each neuron, a kind after the other.
struct ScanSums {
  private let sums: [Double]
  private let neurons: Int

  fileprivate init(_ sums: [Double], _ neurons: Int) { (self.sums, self.neurons) = (sums, neurons) }

  subscript(kind: Int, neuron: Int) -> Double { sums[kind * neurons + neuron] }

  /// Whether some number may not be finite.
  fileprivate var hasStrays: Bool { sums.contains { !$0.isFinite } }
}

/// How tensors are read.
struct ScanReading {
  var loops = ScanLoops.best
  /// Bytes of a file that are mapped at a time.
  var window = 8 << 20

  /// The sum of a term over each neuron.
  func sums(_ term: scan_term, of matrix: borrowing StoredMatrix) throws(CheckpointError) -> [Double] {
    let layout = matrix.layout
    let add = layout.hasNeuronsInRows ? loops.kernels.rows : loops.kernels.columns
    var sums = [Double](repeating: 0, count: layout.hasNeuronsInRows ? layout.rows : layout.columns)
    for block in layout.blocks(of: window / matrix.width) {
      let bytes = try matrix.bytes(block)
      sums.withUnsafeMutableBufferPointer { sums in
        add?(
          sums.baseAddress.map { $0 + layout.neuron(block) }, term, matrix.type, bytes.start, block.rows,
          block.columns)
      }
      guard bytes.finish() else { throw .changed(path: matrix.input.file.path) }
    }
    try matrix.input.checkUnchanged()
    return sums
  }

  /// The sums of a change over each neuron.
  func changes(
    of now: borrowing StoredMatrix, since before: borrowing StoredMatrix, in unit: ScanUnit
  ) throws(CheckpointError) -> ScanSums {
    let layout = now.layout
    let add = layout.hasNeuronsInRows ? loops.kernels.row_changes : loops.kernels.column_changes
    let neurons = layout.hasNeuronsInRows ? layout.rows : layout.columns
    var sums = [Double](repeating: 0, count: change_count * neurons)
    for block in layout.blocks(of: window / max(now.width, before.width)) {
      let new = try now.bytes(block)
      let old = try before.bytes(block)
      sums.withUnsafeMutableBufferPointer { sums in
        add?(
          sums.baseAddress.map { $0 + layout.neuron(block) }, neurons, 1 / unit.size, now.type, new.start,
          before.type, old.start, block.rows, block.columns)
      }
      guard new.finish() else { throw .changed(path: now.input.file.path) }
      guard old.finish() else { throw .changed(path: before.input.file.path) }
    }
    try now.input.checkUnchanged()
    try before.input.checkUnchanged()
    return ScanSums(sums, neurons)
  }
}
