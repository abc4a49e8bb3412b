/// The step of a checkpoint as its path tells it.
public enum CheckpointStep: Equatable, Sendable {
  /// A number of steps, at least 0.
  case steps(Int)
  /// Words that name a step which is no whole number that can be counted to, such as `step_-5`.
  case unreadable(String)

  /// Steps in a path: `checkpoint-500/model.safetensors`, `step_12k.safetensors`, `iter-0012000`; nil where it has none.
  ///
  /// Epochs count where their steps are known; of `checkpoint_2_5000`, an epoch and a step, the step is taken.
  ///
  /// - Parameters:
  ///   - path: the path of a checkpoint.
  ///   - stepsPerEpoch: steps an epoch.
  public static func told(by path: String, stepsPerEpoch: Int? = nil) -> CheckpointStep? {
    for part in path.lowercased().split(separator: "/").suffix(2).reversed() {
      let words: [(String, Int?)] = [
        ("step", 1), ("iteration", 1), ("iter", 1), ("checkpoint", 1), ("ckpt", 1), ("epoch", stepsPerEpoch),
      ]
      for (word, unit) in words {
        guard let unit, let told = number(after: word, in: part, of: unit) else { continue }
        return told
      }
    }
    return nil
  }

  /// The number that follows a word, with a plural s or a sign between them.
  private static func number(after word: String, in text: Substring, of unit: Int) -> CheckpointStep? {
    for range in text.ranges(of: word).reversed() {
      var rest = text[range.upperBound...]
      if rest.first == "s" { rest.removeFirst() }
      let signs = rest.prefix { "-_=. ".contains($0) }
      rest = rest[signs.endIndex...]
      var digits = rest.prefix(while: isDigit)
      guard !digits.isEmpty else { continue }
      rest = rest[digits.endIndex...]
      if word == "checkpoint", rest.first == "_", rest.dropFirst().first.map(isDigit) == true {
        digits = rest.dropFirst().prefix(while: isDigit)
        rest = rest[digits.endIndex...]
      }
      let thousands = ["k": 1000, "m": 1_000_000][rest.first ?? " "] ?? 1
      if thousands > 1 { rest.removeFirst() }
      let goesOn = rest.first.map { $0.isLetter || $0.isNumber } == true
      // A second sign before the digits is a minus; a point and digits after them are a fraction.
      let isFraction = rest.first == "." && rest.dropFirst().first.map(isDigit) == true
      let isNegative = signs.count > 1 && signs.last == "-"
      guard !goesOn, !isFraction, !isNegative, let number = Int(digits),
        case let (steps, overflows) = number.multipliedReportingOverflow(by: thousands * unit), !overflows
      else { return .unreadable(String(text[range.lowerBound...].prefix(40))) }
      return .steps(steps)
    }
    return nil
  }

  private static func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }
}
