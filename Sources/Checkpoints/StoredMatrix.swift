import CVectorKernels
import Safetensors

/// A tensor as rows and columns, and the blocks in which it is read.
struct MatrixLayout {
  let rows: Int
  let columns: Int
  /// Whether a neuron is a row, not a column.
  let hasNeuronsInRows: Bool

  init(_ tensor: CheckpointTensor, _ axis: NeuronAxis) {
    let (neurons, dimension) = tensor.layout(axis)
    hasNeuronsInRows = axis != .last
    (rows, columns) = hasNeuronsInRows ? (neurons, dimension) : (dimension, neurons)
  }

  /// Whole rows, or a part of one.
  struct Block {
    let row: Int
    let rows: Int
    let column: Int
    let columns: Int
  }

  /// All numbers in the order in which they are stored, no more than a limit in a block.
  func blocks(of limit: Int) -> some Sequence<Block> {
    let step = max(1, limit / max(1, columns))
    let width = step == 1 ? limit : columns
    return stride(from: 0, to: columns > 0 ? rows : 0, by: step).lazy.flatMap { row in
      stride(from: 0, to: columns, by: width).lazy.map { column in
        Block(row: row, rows: min(step, rows - row), column: column, columns: min(width, columns - column))
      }
    }
  }

  /// The first neuron of a block.
  func neuron(_ block: Block) -> Int { hasNeuronsInRows ? block.row : block.column }
}

/// The numbers of a tensor in its file.
struct StoredMatrix: ~Copyable {
  let input: OpenFile
  let type: stored_type
  let layout: MatrixLayout
  let width: Int
  private let start: Int

  init(_ tensor: CheckpointTensor, _ axis: NeuronAxis) throws(CheckpointError) {
    guard let type = tensor.type.scanType else {
      throw .notScannable(tensor: tensor.name, type: tensor.type, path: tensor.file.path)
    }
    input = try OpenFile(tensor.file.path, expecting: tensor.file)
    self.type = type
    width = tensor.type.bits / 8
    start = tensor.range.lowerBound
    layout = MatrixLayout(tensor, axis)
  }

  /// The bytes of a block, of a file that is still what it was.
  func bytes(_ block: MatrixLayout.Block) throws(CheckpointError) -> MappedBytes {
    try input.checkUnchanged()
    let first = start + (block.row * layout.columns + block.column) * width
    return try MappedBytes(input, first..<first + block.rows * block.columns * width)
  }
}
