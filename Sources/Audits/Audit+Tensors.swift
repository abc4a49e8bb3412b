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
      sound > 0 && !(isWhole && scan.norms[0].isNaN)
      ? scan.norm / Double(sound).squareRoot() : .nan
    var result = TensorAudit(
      tensor: tensor, norm: norm, norms: isWhole ? nil : Spread(scan.norms), zeros: scan.zeros,
      nonFinite: scan.nonFiniteNumbers)
    predictor.predict(&result)
    var angles: [Double] = []
    if let stepsBetween, let total = scan.total {
      if !isWhole { angles = (0..<scan.neurons).map { scan.rotation($0) ?? .nan } }
      let before = total.previousNorm / Double(max(sound, 1)).squareRoot()
      if before > 0, before.isFinite, total.rotation.isFinite {
        result.change = TensorAudit.Change(
          normBefore: before, rotation: total.rotation, rotations: Spread(angles), retention: total.retention)
      } else {
        result.lacksRotation = true
      }
      result.change?.rounding = rounding
      predictor.predictChange(&result, over: stepsBetween)
    }
    tensors.append(result)
    guard !isWhole else { return }
    list(scan, of: result, angles: angles, isListed: isListed)
  }

  /// Counts the neurons by how far they are from their tensor's root mean square, and keeps the farthest.
  private mutating func list(_ scan: NeuronScan, of tensor: TensorAudit, angles: [Double], isListed: Bool) {
    let rms = tensor.norms?.rms ?? .nan
    let rmsAngle = tensor.change?.rotations?.rms
    let isHidden = tensor.tensor.role == .matrix || tensor.tensor.role == .convolution
    var relatives = [Double](repeating: 1, count: scan.neurons)
    for neuron in 0..<scan.neurons {
      let ratio = scan.norms[neuron] / rms
      let turned = rmsAngle.map { angles[neuron] / $0 }
      if isHidden {
        norms.add(ratio)
        if let turned { rotations.add(turned) }
      }
      relatives[neuron] = turned ?? ratio
    }
    guard isListed || !listsOneTensor else { return }
    guard isListed || isHidden else { return }
    let listsAll = isListed && scan.neurons <= Self.mostListed
    let order = listsAll ? Array(relatives.indices) : Self.farthest(relatives)
    neurons += order.map { neuron in
      let norm = scan.norms[neuron]
      return NeuronAudit(
        tensor: tensor.tensor.name, index: neuron, norm: norm,
        ratio: tensor.equilibriumNorm.flatMap { norm > 0 ? norm / $0 : nil },
        rotation: tensor.updateSize.flatMap { Self.angle($0, at: norm) },
        turned: angles.isEmpty || angles[neuron].isNaN ? nil : angles[neuron],
        relative: relatives[neuron])
    }
  }

  /// The neurons that are farthest from 1, as ratios, the farthest first; without those that are 1 to single precision.
  private static func farthest(_ relatives: [Double]) -> [Int] {
    var found: [(neuron: Int, distance: Double)] = []
    for (neuron, relative) in relatives.enumerated() {
      let distance = distance(relative)
      guard distance > 1 + 1e-6, found.count < worstNeurons || distance > found[found.count - 1].distance
      else { continue }
      if found.count == worstNeurons { found.removeLast() }
      let place = found.firstIndex { $0.distance < distance } ?? found.count
      found.insert((neuron, distance), at: place)
    }
    return found.map(\.neuron)
  }
}
