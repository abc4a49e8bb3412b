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
    let now = try StoredMatrix(tensor, axis)
    guard let previous else {
      squares = try reading.sums(term_square, of: now)
      try count([squares]) { () throws(CheckpointError) in try reading.sums(term_not_finite, of: now) }
      try rescale(now, reading)
      return
    }
    guard tensor.shape == previous.shape else {
      throw .shapes(tensor: tensor.name, tensor.shape, previous: previous.shape, path: previous.file.path)
    }
    let before = try StoredMatrix(previous, axis)
    let sums = try reading.changes(of: now, since: before)
    squares = sums[change_square]
    change = Change(
      previousSquares: sums[change_previous_square], products: sums[change_product],
      differenceSquares: sums[change_difference_square])
    try count(sums) { () throws(CheckpointError) in
      zip(try reading.sums(term_not_finite, of: now), try reading.sums(term_not_finite, of: before)).map(+)
    }
    try rescale(now, reading)
  }

  /// Takes the norms again, in other units, whose squares over- or underflow.
  private mutating func rescale(
    _ matrix: borrowing StoredMatrix, _ reading: ScanReading
  ) throws(CheckpointError) {
    // The smallest sum in which no square is lost that counts.
    let least = 0x1p-900
    guard matrix.type == stored_float64, squares.contains(where: { $0 < least || $0 == .infinity }) else {
      return
    }
    let large = try reading.sums(term_large_square, of: matrix)
    let small = try reading.sums(term_small_square, of: matrix)
    for neuron in squares.indices {
      if squares[neuron] == .infinity {
        rescaled[neuron] = large[neuron].squareRoot() * 0x1p600
      } else if squares[neuron] < least, small[neuron] > 0 {
        rescaled[neuron] = small[neuron].squareRoot() * 0x1p-600
      }
    }
  }

  /// Counts the numbers that are not finite, which takes another pass, where a sum says that there are some.
  private mutating func count(
    _ sums: [[Double]], _ strays: () throws(CheckpointError) -> [Double]
  ) throws(CheckpointError) {
    guard sums.contains(where: { $0.contains { !$0.isFinite } }) else { return }
    for (neuron, count) in try strays().enumerated() where count > 0 {
      nonFinite[neuron] = Int(count)
      squares[neuron] = .nan
      change?.previousSquares[neuron] = .nan
      change?.products[neuron] = .nan
      change?.differenceSquares[neuron] = .nan
    }
  }
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
    of now: borrowing StoredMatrix, since before: borrowing StoredMatrix
  ) throws(CheckpointError) -> [[Double]] {
    let layout = now.layout
    let add = layout.hasNeuronsInRows ? loops.kernels.row_changes : loops.kernels.column_changes
    let neurons = layout.hasNeuronsInRows ? layout.rows : layout.columns
    let kinds = Int(change_count)
    var sums = [Double](repeating: 0, count: kinds * neurons)
    for block in layout.blocks(of: window / max(now.width, before.width)) {
      let new = try now.bytes(block)
      let old = try before.bytes(block)
      sums.withUnsafeMutableBufferPointer { sums in
        add?(
          sums.baseAddress.map { $0 + layout.neuron(block) }, neurons, now.type, new.start, before.type,
          old.start,
          block.rows, block.columns)
      }
      guard new.finish() else { throw .changed(path: now.input.file.path) }
      guard old.finish() else { throw .changed(path: before.input.file.path) }
    }
    try now.input.checkUnchanged()
    try before.input.checkUnchanged()
    return (0..<kinds).map { Array(sums[$0 * neurons..<($0 + 1) * neurons]) }
  }
}
