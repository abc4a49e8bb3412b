import Audits
import Formulas
import Parameters
import RunConfigurations

// What a checkpoint says of the run.
extension RunReport {
  var auditBlocks: [Block] {
    guard let audit else { return [] }
    let figure = audit.figure
    let blocks = audit.blocks(level: 3, showsNotes: false)
    guard !figure.panels.isEmpty else { return blocks }
    return blocks + [
      .figure(
        "Neurons of the checkpoint against the root mean square of their tensor.", figure, file: "checkpoint")
    ]
  }

  /// The norm that the checkpoint gives of a layer's weight vectors, root mean square; nil where it has none of them.
  func measured(_ shape: LayerShape) -> MeasuredRun? {
    guard let audit = audit?.audit else { return nil }
    let glob = Glob(shape.name)
    let tensors = audit.tensors.filter { audited in
      audited.tensor.dimension == shape.dimension && audited.tensor.neurons == shape.neurons
        && glob.matches(audited.tensor.layerName)
    }
    guard !tensors.isEmpty else { return nil }
    func rms(_ values: [Double]) -> Double? {
      let power = values.map { $0 * $0 }.reduce(0, +) / Double(values.count)
      return power.isFinite && power > 0 ? power.squareRoot() : nil
    }
    guard let norm = rms(tensors.map(\.norm)) else { return nil }
    // The angle between two checkpoints is of many steps; a step's own is told by how it compares with the prediction.
    let rotation = rms(
      tensors.compactMap { tensor in
        tensor.change?.ratio.flatMap { ratio in tensor.rotation.map { $0 * ratio } }
      })
    return MeasuredRun(steps: [Double(audit.step)], norms: [norm], rotations: rotation.map { [$0] })
  }
}
