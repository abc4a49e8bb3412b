import Audits
import Formulas
import Parameters
import RunConfigurations

// What a checkpoint says of the run.
extension RunReport {
  var auditBlocks: [Block] {
    guard let audit else { return [] }
    return audit.blocks(level: 3, showsNotes: false) + [
      .figure(
        "Neurons of the checkpoint against the root mean square of their tensor.", audit.figure,
        file: "checkpoint"
      )
    ]
  }

  /// The norm that the checkpoint gives of a layer's weight vectors, root mean square; nil where it has none of them.
  func measured(_ shape: LayerShape) -> MeasuredRun? {
    guard let audit = audit?.audit else { return nil }
    let glob = Glob(shape.name)
    let tensors = audit.tensors.filter { audited in
      let name = audited.tensor.name
      return audited.tensor.dimension == shape.dimension && audited.tensor.neurons == shape.neurons
        && glob.matches(name.hasSuffix(".weight") ? String(name.dropLast(7)) : name)
    }
    guard !tensors.isEmpty else { return nil }
    let power = tensors.map { $0.norm * $0.norm }.reduce(0, +) / Double(tensors.count)
    return MeasuredRun(steps: [Double(audit.step)], norms: [power.squareRoot()], rotations: nil)
  }
}
