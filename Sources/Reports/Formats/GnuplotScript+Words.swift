import Formulas
import OutsideText

extension GnuplotScript {
  /// All words of a figure, as a block of data: commands name them by their lines and hold no text themselves.
  struct Words {
    /// The block, and the function that shows a line of it.
    let definition: [Written<GnuplotSource>]
    private let lines: [Prose: Int]

    init(_ figure: Figure, isText: Bool) {
      let labels = figure.panels.flatMap { panel in
        [panel.title, panel.x.label, panel.y.label] + panel.marks.map(\.label)
      }
      var (lines, block): ([Prose: Int], [Written<GnuplotSource>]) = ([:], [])
      for prose in ([figure.title] + labels + figure.legend.map(\.name)).compactMap({ $0 })
      where lines[prose] == nil {
        let text = isText ? TerminalText.escape(prose.plain) : Self.marked(prose).text
        // Between bars no line can be the end of the block or go on in the next.
        block.append(Written(verbatim: "|\(text)|"))
        lines[prose] = block.count
      }
      self.lines = lines
      definition =
        block.isEmpty
        ? []
        : ["$words << END"] + block
          + ["END", "shown(line) = substr($words[line], 2, strlen($words[line]) - 1)"]
    }

    /// What stands for words in a command.
    func reference(_ prose: Prose) -> Written<GnuplotSource> { lines[prose].map { "shown(\($0))" } ?? "''" }

    /// Pictures understand gnuplot's markup, so that η_r has an index; in words it is escaped.
    private static func marked(_ prose: Prose) -> Written<GnuplotText> {
      prose.fragments.map { fragment -> Written<GnuplotText> in
        switch fragment {
        case .text(let text), .code(let text): "\(text)"
        case .formula(let formula): indexed(PlainText.render(formula))
        }
      }.joined()
    }

    /// Sets the letters after a low line as an index.
    private static func indexed(_ formula: String) -> Written<GnuplotText> {
      let pieces = formula.split(separator: "_", omittingEmptySubsequences: false)
      return "\(pieces[0])"
        + pieces.dropFirst().map { piece -> Written<GnuplotText> in
          let index = piece.prefix { $0.isLetter || $0.isNumber }
          return index.isEmpty ? "\\_\(piece)" : "_{\(index)}\(piece.dropFirst(index.count))"
        }.joined()
    }
  }
}
