import Formulas
import Foundation
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
      case .svg: Data(SVG().render(figure).utf8)
      case .pdf: try picture(.pdf)
      case .png: try picture(.png)
      case .tex: Data(PGFPlots(isFragment: isFragment).render(figure).utf8)
      case .gp, .gnuplot: Data(GnuplotScript(.svg).render(figure).utf8)
      }
    try OutputFile.write(data, to: path)
  }

  /// The figure in characters, by default as large as the terminal allows; it ends with a newline.
  static func terminal(
    _ figure: Figure, width: Int = TerminalSize.current.columns, height: Int = TerminalSize.current.rows,
    usesColor: Bool = Standard.output.usesColor, searchPath: String = Gnuplot.searchPath
  ) throws -> String {
    let script = GnuplotScript(.text(columns: width, rows: height, usesColor: usesColor)).render(figure)
    let picture = try Gnuplot.run(
      script, toDraw: "on the terminal", or: "write fig.svg, fig.tex or fig.gp", searchPath: searchPath)
    var lines = String(decoding: picture, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false
    )
    .map { line in String(line.filter { $0 != "\u{0C}" }.reversed().drop { $0 == " " }.reversed()) }
    while lines.last?.isEmpty == true { lines.removeLast() }
    return lines.joined(separator: "\n") + "\n"
  }
}
