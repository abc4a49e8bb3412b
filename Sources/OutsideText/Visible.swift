extension Unicode.Scalar {
  /// Whether it acts on what shows it instead of being seen: control characters, ends of lines and paragraphs, what turns the
  /// direction of a text, and what is no character at all.
  var isUnseen: Bool {
    switch self {
    case " "..."~": false
    case "\u{FEFF}", "\u{FFF9}"..."\u{FFFB}", "\u{E0000}"..."\u{E007F}": true
    default:
      switch properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: true
      default: properties.isBidiControl || properties.isNoncharacterCodePoint
      }
    }
  }

  /// `[U+001B]`: what stands for a scalar that cannot be shown.
  var named: String { "[U+\(hexadecimal(digits: 4))]" }

  /// The number in hexadecimal, of at least so many digits.
  func hexadecimal(digits: Int) -> String {
    let text = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
  }
}

extension String {
  /// The text with each scalar replaced; what is unseen is named where the language has no way to write it.
  func escaped(_ replacement: (Unicode.Scalar) -> String?) -> String {
    var escaped = ""
    escaped.reserveCapacity(utf8.count)
    for scalar in unicodeScalars {
      if let text = replacement(scalar) {
        escaped += text
      } else if scalar.isUnseen {
        escaped += scalar.named
      } else {
        escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }

  /// Whether it is letters, digits, points, signs and spaces alone, as nearly all texts and numbers are.
  var isPlain: Bool {
    utf8.allSatisfy { byte in
      UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }
  }
}
