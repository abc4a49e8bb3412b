extension Int {
  /// The whole part of a finite number, at most `limit` and at least its negative.
  init(_ number: Double, clampedTo limit: Int) {
    self = Int(Swift.min(Swift.max(number, -Double(limit)), Double(limit)))
  }
}
