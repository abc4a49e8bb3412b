/// The step of a checkpoint as its path tells it.
public enum CheckpointStep {
  /// Steps in a path: `checkpoint-500/model.safetensors`, `step_12000.safetensors`, `ckpt_12000`, `iter-0012000`; nil where it has none.
  ///
  /// Epochs count where their steps are known.
  ///
  /// - Parameters:
  ///   - path: the path of a checkpoint.
  ///   - stepsPerEpoch: steps an epoch.
  public static func told(by path: String, stepsPerEpoch: Int? = nil) -> Int? {
    for part in path.lowercased().split(separator: "/").suffix(2).reversed() {
      let words: [(String, Int?)] = [
        ("step", 1), ("iteration", 1), ("iter", 1), ("checkpoint", 1), ("ckpt", 1), ("epoch", stepsPerEpoch),
      ]
      for (word, unit) in words {
        guard let unit, let number = number(after: word, in: part) else { continue }
        let (steps, overflows) = number.multipliedReportingOverflow(by: unit)
        if !overflows, steps > 0 { return steps }
      }
    }
    return nil
  }

  /// The whole number that follows a word, with a plural s or a sign between them.
  private static func number(after word: String, in text: Substring) -> Int? {
    for range in text.ranges(of: word).reversed() {
      var rest = text[range.upperBound...]
      if rest.first == "s" { rest.removeFirst() }
      rest = rest.drop { "-_=. ".contains($0) }
      if let number = Int(rest.prefix { $0.isASCII && $0.isNumber }) { return number }
    }
    return nil
  }
}
