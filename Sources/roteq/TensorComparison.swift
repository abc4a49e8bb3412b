import Reports
import Safetensors

/// Another implementation's tensors, held against those of a replay step by step.
struct TensorComparison {
  private let path: String
  private let tolerance: Double
  private let expected: TensorFile
  /// The step after which the file has a tensor under its own name.
  let lastStep: Int
  private var deviations: [String: ReplayReport.Deviation] = [:]
  private var compared: Set<String> = []
  /// The step in which each tensor was compared last: the last one may be there under two names.
  private var latest: [String: Int] = [:]

  /// Reads the other implementation's file.
  ///
  /// - Parameter recorded: the steps of the recording; the file has gone through all of them where it does not say otherwise.
  init(_ path: String, tolerance: Double, recorded: Int) throws {
    (self.path, self.tolerance) = (path, tolerance)
    expected = try InputFile.tensors(path)
    // What this program wrote may be shorter than the recording.
    let isOwn = expected.metadata["program"]?.hasPrefix("roteq ") == true
    lastStep = isOwn ? expected.metadata["steps"].flatMap { Int($0) } ?? recorded : recorded
  }

  /// Refuses a file without these tensors.
  func require(_ names: [String]) throws {
    for name in names.sorted() {
      do throws(TensorFileError) { _ = try expected.tensor(name) } catch {
        throw Failure("\(path): \(error)", .badData)
      }
    }
  }

  /// Refuses a file that has one of these parameters neither after step `steps` nor under its own name for that step.
  func require(_ parameters: [String], after steps: Int) throws {
    guard steps != lastStep,
      let lacking = parameters.sorted().first(where: { expected.tensors["\($0)/after.\(steps)"] == nil })
    else { return }
    let other = expected.tensors[lacking] == nil ? "" : ", and '\(lacking)' is after step \(lastStep)"
    throw Failure(
      "\(path): nothing to compare after step \(steps): no tensor '\(lacking)/after.\(steps)'\(other)", .usage
    )
  }

  /// Compares a tensor, where the file has one of that name, and notes the deviation under `title`.
  mutating func compare(_ tensor: Tensor, _ name: String, as title: String, step: Int) throws {
    guard let other = expected.tensors[name] else { return }
    guard other.shape == tensor.shape else {
      throw Failure(
        "\(path): tensor '\(name)' has the shape \(other.shape), expected \(tensor.shape)", .badData)
    }
    compared.insert(name)
    let values = other.values
    let scale = values.reduce(0) { max($0, abs($1)) }
    var (largest, index) = (0.0, 0)
    for (place, (own, value)) in zip(tensor.values, values).enumerated() where own != value {
      // What is not a number differs without limit.
      let difference = abs(own - value) / scale
      let deviation = difference.isNaN ? .infinity : difference
      if deviation > largest { (largest, index) = (deviation, place) }
    }
    var deviation = deviations[title] ?? ReplayReport.Deviation(title)
    let isFirst = deviation.steps == 0
    if latest.updateValue(step, forKey: title) != step { deviation.steps += 1 }
    if isFirst || largest > deviation.largest {
      deviation.largest = largest
      deviation.index = tensor.place(of: index)
      deviation.step = step
    }
    if largest > tolerance, deviation.firstBeyond == nil { deviation.firstBeyond = step }
    deviations[title] = deviation
  }

  /// What was found, for the report.
  var report: ReplayReport.Comparison {
    ReplayReport.Comparison(
      path: path, tolerance: tolerance, deviations.values.sorted { $0.tensor < $1.tensor },
      ignored: expected.tensors.keys.filter { !compared.contains($0) }.sorted())
  }

  /// The failure of the tensor that is the first to be off; nil where all agree.
  var failure: Failure? {
    let off = deviations.values.filter { $0.firstBeyond != nil }.min {
      ($0.firstBeyond ?? 0, $0.tensor) < ($1.firstBeyond ?? 0, $1.tensor)
    }
    guard let off, let first = off.firstBeyond else { return nil }
    return Failure(
      "\(path): tensor '\(off.tensor)' is off from step \(first) on, most at \(off.index) after step \(off.step): "
        + "by \(Numbers.short(off.largest)) of its largest value, allowed \(Numbers.short(tolerance))",
      .badData)
  }
}
