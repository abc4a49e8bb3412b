import OutsideText

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A bar on standard error for work that takes longer than a second, where a person is looking.
struct ProgressBar {
  private let total: Int
  private let isShown: Bool
  private let start = ContinuousClock.now
  private var done = 0
  private var drawn = ContinuousClock.now
  private var isDrawn = false

  init(total: Int) {
    self.total = max(total, 1)
    isShown = isatty(2) != 0
  }

  /// Takes in finished work; draws at most ten times a second.
  mutating func advance(by count: Int) {
    done += count
    guard isShown else { return }
    let now = ContinuousClock.now
    guard now - start > .seconds(1), now - drawn > .milliseconds(100) else { return }
    (drawn, isDrawn) = (now, true)
    let share = min(1, Double(done) / Double(total))
    let filled = Int(share * 40)
    let left = Int(((now - start) / .seconds(1)) * (1 / max(share, 1e-9) - 1))
    let bar = String(repeating: "━", count: filled) + String(repeating: "─", count: 40 - filled)
    Standard.error.write("\r\(bar) \(Int(share * 100)) %, \(left) s left  " as Written<TerminalText>)
  }

  /// Wipes the bar.
  func finish() {
    if isDrawn { Standard.error.write("\r\u{1B}[K" as Written<TerminalText>) }
  }
}
