extension CheckpointTensor {
  /// The same numbers with the leading dimensions as one: a stack of matrices `[experts, out, in]` as `[experts·out, in]`.
  ///
  /// - Parameter count: how many, from 1.
  public func flattened(leading count: Int) -> CheckpointTensor {
    guard count > 1, count <= shape.count, self.count > 0 else { return self }
    return CheckpointTensor(
      name: name, type: type, shape: [shape.prefix(count).reduce(1, *)] + shape.dropFirst(count), file: file,
      range: range)
  }
}
