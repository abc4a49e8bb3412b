import Equilibrium
import Formulas
import Reports

/// What a sweep runs over: the flags that hold ranges, and those that hold a number.
struct SweepGrid {
  let fixed: [Symbol: Double]
  let axes: [SweepAxis]
  let product: Double?
  let contours: [Double]

  init(_ command: SweepCommand) throws {
    var fixed: [Symbol: Double] = [:]
    var axes: [SweepAxis] = []
    for given in command.values.given {
      let axis = try SweepAxis(given)
      if axis.isFixed { fixed[axis.symbol] = axis.stored[0] } else { axes.append(axis) }
    }
    let product: Double? = try command.constantProduct.map {
      let value = try parseNumber($0, flag: "--constant-product", expected: "a number above 0 and below 1")
      guard value > 0, value < 1 else {
        throw Failure(
          "--constant-product: \(value) is not allowed, expected a number above 0 and below 1", .usage)
      }
      return value
    }
    let contours = try (command.contour ?? "").split(separator: ",").map {
      let value = try parseNumber(String($0), flag: "--contour", expected: "expected rotations in radians")
      return try check(value, flag: "--contour", symbol: Quantity.expectedRotation.symbol, isRoot: false)
    }
    guard (1...2).contains(axes.count) else {
      throw Failure(
        "\(axes.count) flags hold a range, expected one or two, such as --lr 1e-4:1e-1:log:50", .usage)
    }
    let decayIsGiven = fixed[.weightDecay] != nil || axes.contains { $0.symbol == .weightDecay }
    let rateIsSwept = axes.contains { $0.symbol == .learningRate }
    guard product == nil || contours.isEmpty else {
      throw Failure("--constant-product and --contour exclude each other", .usage)
    }
    if product != nil || !contours.isEmpty {
      let flag = product != nil ? "--constant-product" : "--contour"
      guard !decayIsGiven else {
        throw Failure("\(flag) gives the weight decay; leave --weight-decay out", .usage)
      }
      guard rateIsSwept, axes.count == 1 else {
        throw Failure("\(flag) needs a range for --lr and no other", .usage)
      }
    }
    (self.fixed, self.axes, self.product, self.contours) = (fixed, axes, product, contours)
  }

  /// The columns of the settings that change.
  var columns: [Table.Column] {
    let contour = contours.isEmpty ? [] : [Table.Column("contour of η̂_r", name: "contour")]
    var symbols = axes.map(\.symbol)
    if product != nil || !contours.isEmpty { symbols.append(.weightDecay) }
    return contour + symbols.map { Table.Column("\($0.meaning) \($0)", name: $0.name) }
  }

  /// The axis that changes from row to row, where there are two.
  var rowAxis: SweepAxis? { axes.count == 2 ? axes[0] : nil }
  /// The axis that changes along a row.
  var columnAxis: SweepAxis { axes[axes.count - 1] }
  /// How many rows there are.
  var rowCount: Int { rowAxis?.stored.count ?? 1 }

  /// The values at a cell, with what stands in the settings' columns.
  func cell(row: Int, column: Int) -> (values: [Symbol: Double], shown: [Table.Cell]) {
    var values = fixed
    var shown: [Table.Cell] = []
    for (axis, index) in [(rowAxis, row), (columnAxis, column)] {
      guard let axis else { continue }
      values[axis.symbol] = axis.stored[index]
      shown.append(.number(axis.shown[index]))
    }
    if let product {
      values[.weightDecay] = product / (values[.learningRate] ?? .nan)
      shown.append(.optional(values[.weightDecay]))
    }
    return (values, shown)
  }
}

/// A flag with a single number or a range.
struct SweepAxis {
  let symbol: Symbol
  /// As the flag gives them.
  let shown: [Double]
  /// As the formulas take them: norms squared.
  let stored: [Double]
  var isFixed: Bool { shown.count == 1 }

  init(_ given: ValueOptions.Given) throws {
    symbol = given.symbol
    let parts = given.text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard parts.count > 1 else {
      shown = [try parseNumber(given.text, flag: given.flag, expected: "\(given.symbol.domain) or a range")]
      stored = try shown.map { try check($0, flag: given.flag, symbol: given.symbol, isRoot: given.isRoot) }
      return
    }
    let form = "START:END:log:COUNT or START:END:lin:COUNT"
    guard parts.count == 4, parts[2] == "log" || parts[2] == "lin", let count = Int(parts[3]) else {
      throw Failure("\(given.flag): '\(given.text)' is not a range, expected \(form)", .usage)
    }
    guard (2...1_000_000).contains(count) else {
      throw Failure("\(given.flag): \(count) points are not allowed, expected 2 to 1000000", .usage)
    }
    let start = try parseNumber(parts[0], flag: given.flag, expected: form)
    let end = try parseNumber(parts[1], flag: given.flag, expected: form)
    guard parts[2] == "lin" || (start > 0 && end > 0) else {
      throw Failure("\(given.flag): '\(given.text)' is logarithmic and needs ends above 0", .usage)
    }
    shown = parts[2] == "log" ? Spacing.logarithmic(start, end, count) : Spacing.linear(start, end, count)
    stored = try shown.map { try check($0, flag: given.flag, symbol: given.symbol, isRoot: given.isRoot) }
  }
}
