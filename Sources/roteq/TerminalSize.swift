#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Columns and rows of a terminal.
struct TerminalSize: Equatable {
  let columns: Int
  let rows: Int

  /// The size of what standard output goes to.
  static var current: TerminalSize { TerminalSize(descriptor: 1) }

  /// The size now, without the last row, which is the prompt's; 80 by 24 where there is no terminal or it does not say.
  init(descriptor: Int32) {
    var size = winsize()
    let isKnown = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 && size.ws_row > 1
    (columns, rows) = isKnown ? (Int(size.ws_col), Int(size.ws_row) - 1) : (80, 24)
  }
}
