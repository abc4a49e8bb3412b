import OutsideText

extension GnuplotScript {
  /// What terminals draw differently from the same words.
  struct Look {
    /// From the place given for the legend to where it should begin, in lines.
    var keyOffset = 0.1
    var keySpacing = 1.0
    /// How far the numbers of horizontal axes are lifted.
    var numberOffset = 0.35
    var pointSize = 0.4
    /// The length of dashes.
    var dash = 1.0
  }
}

extension GnuplotScript.Terminal {
  var isText: Bool { if case .text = self { true } else { false } }

  var medium: Figure.Layout.Medium {
    if case .text(let columns, let rows, _) = self {
      .terminal(columns: columns, rows: rows)
    } else {
      .page(width: 112.5)
    }
  }

  /// What follows `set terminal`. A line is 20 dots high and a character 8 dots wide, at letters of 15 dots.
  func setting(_ layout: Figure.Layout) -> Written<GnuplotSource> {
    let (width, height) = (Int(layout.width * 8), Int((layout.height * 20).rounded()))
    switch self {
    case .svg:
      return "svg enhanced size \(width),\(height) font 'Helvetica,Arial,sans-serif,15' background '#FFFFFF'"
    case .pdf:
      func centimetres(_ dots: Int) -> Written<GnuplotSource> {
        Written(verbatim: "\(Numbers.rounded(Double(dots) / 50, digits: 4))cm")
      }
      return "pdfcairo enhanced size \(centimetres(width)),\(centimetres(height)) font 'Helvetica,15' "
        + "fontscale 0.48 linewidth 1.2"
    case .png:
      return
        "pngcairo enhanced size \(2 * width),\(2 * height) font 'Helvetica,15' fontscale 1.6 linewidth 2 "
        + "background '#FFFFFF'"
    case .text(_, _, let usesColor):
      return
        "dumb \(Int(layout.width)),\(Int(layout.height)) noenhanced \((usesColor ? "ansi256" : "mono") as Written)"
    }
  }

  var look: GnuplotScript.Look {
    switch self {
    case .svg: GnuplotScript.Look()
    case .pdf: GnuplotScript.Look(keyOffset: 0.4, keySpacing: 1.3, numberOffset: 0, dash: 1.5)
    case .png: GnuplotScript.Look(keyOffset: 0.3, keySpacing: 1.3, numberOffset: 0, pointSize: 0.8, dash: 1.5)
    case .text: GnuplotScript.Look(keyOffset: -1)
    }
  }
}
