import Formulas
import Foundation
import OutsideText
import Reports

/// Writing figures: SVG and sources need nothing; gnuplot draws the other pictures.
enum FigureFile {
  /// The formats, by the ending of the file's name.
  enum Format: String, CaseIterable {
    case svg, pdf, png, tex, gp, gnuplot

    /// The format of a file.
    init(path: String) throws {
      guard let format = Format(rawValue: URL(filePath: path).pathExtension.lowercased()) else {
        let known = Format.allCases.map { ".\($0)" }.joined(separator: ", ")
        throw Failure("\(path): not the name of a figure, expected one that ends in \(known)", .usage)
      }
      self = format
    }
  }

  /// Writes a figure in the format that the path ends in; where that fails nothing is written.
  ///
  /// - Parameter isFragment: for .tex: only the part to read into a paper, without preamble.
  static func write(
    _ figure: Figure, to path: String, isFragment: Bool = false, searchPath: String = Gnuplot.searchPath
  ) throws {
    func picture(_ terminal: GnuplotScript.Terminal) throws -> Data {
      let name = URL(filePath: path).deletingPathExtension().lastPathComponent
      return try Gnuplot.run(
        GnuplotScript(terminal).render(figure), toDraw: path,
        or: "write \(name).svg, \(name).tex or \(name).gp",
        searchPath: searchPath)
    }
    let data =
      switch try Format(path: path) {
      case .svg: SVG().render(figure).data
      case .pdf: try picture(.pdf)
      case .png: try picture(.png)
      case .tex: PGFPlots(isFragment: isFragment).render(figure).data
      case .gp, .gnuplot: GnuplotScript(.svg).render(figure).data
      }
    try OutputFile.write(data, to: path)
  }

  /// The figure in characters, by default as large as the terminal allows; it ends with a newline.
  static func terminal(
    _ figure: Figure, width: Int = TerminalSize.current.columns, height: Int = TerminalSize.current.rows,
    usesColor: Bool = Standard.output.usesColor, searchPath: String = Gnuplot.searchPath
  ) throws -> Written<TerminalText> {
    let script = GnuplotScript(.text(columns: width, rows: height, usesColor: usesColor)).render(figure)
    let picture = try Gnuplot.run(
      script, toDraw: "on the terminal", or: "write fig.svg, fig.tex or fig.gp", searchPath: searchPath)
    // Every page begins with a form feed, and every line is filled up.
    let rows = picture.filter { $0 != 0x0C }.split(separator: 0x0A, omittingEmptySubsequences: false)
    var lines = rows.map { row in
      let end = row.lastIndex { $0 != 0x20 }.map { $0 + 1 } ?? row.startIndex
      return String(decoding: row[..<end], as: UTF8.self)
    }
    while lines.last?.isEmpty == true { lines.removeLast() }
    return Written(verbatim: lines.joined(separator: "\n") + "\n")
  }
}
