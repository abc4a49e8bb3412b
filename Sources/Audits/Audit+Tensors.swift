import Checkpoints
import Equilibrium
import Parameters
import RealModule

extension Audit {
  /// Takes in what was read of a tensor.
  mutating func take(
    _ scan: NeuronScan, of tensor: NetworkTensor, _ predictor: TensorPrediction, rounding: Double,
    isListed: Bool
  ) {
    let isWhole = tensor.isReadWhole
    let sound = isWhole ? tensor.neurons : scan.neurons - scan.nonFinite.count
    let norm =
      sound > 0 && !(isWhole && scan.squares[0].isNaN)
      ? scan.norm / Double(sound).squareRoot() : .nan
    let norms = isWhole ? nil : Spread((0..<scan.neurons).map(scan.norm))
    var result = TensorAudit(
      tensor: tensor, norm: norm, norms: norms, zeros: scan.zeros, nonFinite: scan.nonFiniteNumbers)
    predictor.predict(&result)
    var angles: [Double] = []
    if let stepsBetween, let change = scan.change {
      if !isWhole { angles = (0..<scan.neurons).map { scan.rotation($0) ?? .nan } }
      result.change = measured(scan, change, sound: sound, angles: angles)
      result.change?.rounding = rounding
      predictor.predictChange(&result, over: stepsBetween)
    }
    tensors.append(result)
    guard !isWhole else { return }
    list(scan, of: result, angles: angles, isListed: isListed)
  }

  /// What the sums over all neurons say of the change.
  private func measured(
    _ scan: NeuronScan, _ change: NeuronScan.Change, sound: Int, angles: [Double]
  ) -> TensorAudit.Change? {
    var (before, product) = (0.0, 0.0)
    for (square, own) in zip(change.previousSquares, change.products) where !square.isNaN {
      before += square
      product += own
    }
    guard before > 0, before.isFinite, let rotation = scan.rotation, rotation.isFinite else { return nil }
    return TensorAudit.Change(
      normBefore: (before / Double(max(sound, 1))).squareRoot(), rotation: rotation,
      rotations: Spread(angles),
      retention: 1 + product / before)
  }

  /// Counts the neurons by how far they are from their tensor's root mean square, and keeps the farthest.
  private mutating func list(_ scan: NeuronScan, of tensor: TensorAudit, angles: [Double], isListed: Bool) {
    let rms = tensor.norms?.rms ?? .nan
    let rmsAngle = tensor.change?.rotations?.rms
    let isHidden = tensor.tensor.role == .matrix || tensor.tensor.role == .convolution
    var relatives = [Double](repeating: 1, count: scan.neurons)
    for neuron in 0..<scan.neurons {
      let ratio = scan.norm(neuron) / rms
      let turned = rmsAngle.map { angles[neuron] / $0 }
      if isHidden {
        norms.add(ratio)
        if let turned { rotations.add(turned) }
      }
      relatives[neuron] = turned ?? ratio
    }
    guard isListed || !listsOneTensor else { return }
    var order = Array(relatives.indices)
    if !isListed {
      guard isHidden else { return }
      // Neurons that are alike to single precision have no farthest.
      order = order.filter { Self.distance(relatives[$0]) > 1 + 1e-6 }
      order.sort { Self.distance(relatives[$0]) > Self.distance(relatives[$1]) }
      order = Array(order.prefix(Self.worstNeurons))
    }
    neurons += order.map { neuron in
      let norm = scan.norm(neuron)
      return NeuronAudit(
        tensor: tensor.tensor.name, index: neuron, norm: norm,
        ratio: tensor.equilibriumNorm.flatMap { norm > 0 ? norm / $0 : nil },
        rotation: tensor.updateSize.flatMap { Self.angle($0, at: norm) },
        turned: angles.isEmpty || angles[neuron].isNaN ? nil : angles[neuron],
        relative: relatives[neuron])
    }
  }
}
