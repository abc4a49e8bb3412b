#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Columns and rows of the terminal that standard output goes to.
struct TerminalSize: Equatable {
  let columns: Int
  let rows: Int

  /// The size now; 80 by 24 where there is no terminal or it does not say.
  static var current: TerminalSize {
    var size = winsize()
    guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
      return TerminalSize(columns: 80, rows: 24)
    }
    // The last row is for the prompt.
    return TerminalSize(columns: Int(size.ws_col), rows: Int(size.ws_row) - 1)
  }
}
