import RealModule
import RootFinding

extension Solution {
  /// The positive root, polished to the digits of its coefficients.
  func value(_ values: [Symbol: DoubleDouble]) throws(FormulaError) -> DoubleDouble {
    let sides: (left: Formula, right: Formula)
    let start: Double
    switch equation {
    case .cubic(let coefficients):
      var numbers: [Double] = []
      for coefficient in coefficients { numbers.append(try coefficient.unchecked(values).value) }
      do { start = try positiveCubicRoot(numbers[0], numbers[1], numbers[2], numbers[3]) } catch {
        throw .root(error)
      }
      sides = partsBySign(coefficients, numbers)
    case .balance(let left, let right):
      sides = (left, right)
      start = try bracketed(left, right, values)
    }
    return try polished(start, sides.left, sides.right, values)
  }

  /// The positive and the negative terms of the cubic, which balance at the root.
  private func partsBySign(_ coefficients: [Formula], _ numbers: [Double]) -> (left: Formula, right: Formula)
  {
    let z = Formula.symbol(unknown)
    var parts: (positive: Formula, negative: Formula) = (0, 0)
    for (index, (coefficient, number)) in zip(coefficients, numbers).enumerated() where number != 0 {
      let power = z.power(Rational(coefficients.count - 1 - index))
      if number > 0 {
        parts.positive = parts.positive + coefficient * power
      } else {
        parts.negative = parts.negative + -coefficient * power
      }
    }
    return (parts.positive, parts.negative)
  }

  /// Brent's method on ln(left/right) over ln z, in a bracket that grows from the estimate.
  private func bracketed(
    _ left: Formula, _ right: Formula, _ values: [Symbol: DoubleDouble]
  ) throws(FormulaError) -> Double {
    func ratio(at z: Double) -> Double {
      var inner = values
      inner[unknown] = DoubleDouble(z)
      guard let left = try? left.unchecked(inner), let right = try? right.unchecked(inner) else {
        return .nan
      }
      return (left / right).value
    }
    let start = try estimate.unchecked(values).value
    guard start.isFinite, start > 0 else { throw .undefined(PlainText.render(estimate)) }
    var (lower, upper) = (start, start)
    let rises = ratio(at: start * 2) > ratio(at: start)
    // Ten squarings of the factor span every double.
    var factor = 2.0
    while (ratio(at: lower) > 1) == rises, factor.isFinite {
      (lower, factor) = (lower / factor, factor * factor)
    }
    factor = 2
    while (ratio(at: upper) < 1) == rises, factor.isFinite {
      (upper, factor) = (upper * factor, factor * factor)
    }
    if lower == upper { return lower }
    // Half a factor more on each side, so that rounding of the logarithm cannot move an end across the root; the
    // polish takes over from about a thousandth.
    do {
      let ends = (Double.log(lower / 1.5), Double.log(upper * 1.5))
      let shift = 1 - ends.0
      let root = try bracketedRoot(from: 1, to: ends.1 + shift, relativeTolerance: 1e-6) {
        Double.log(ratio(at: Double.exp($0 - shift)))
      }
      return Double.exp(root - shift)
    } catch { throw .root(error) }
  }

  /// Newton steps on left/right − 1, which in double-double arithmetic has no rounding error that shows.
  private func polished(
    _ start: Double, _ left: Formula, _ right: Formula, _ values: [Symbol: DoubleDouble]
  ) throws(FormulaError) -> DoubleDouble {
    let slope = left.derivative(by: unknown) / left - right.derivative(by: unknown) / right
    var z = DoubleDouble(start)
    for _ in 0..<8 {
      var inner = values
      inner[unknown] = z
      let excess = try left.unchecked(inner) / right.unchecked(inner) - DoubleDouble(1)
      let step = try excess / slope.unchecked(inner)
      guard step.value.isFinite, abs(step.value) < start / 2 else { break }
      z = z - step
      // The error is squared by each step.
      if abs(step.value) < 1e-14 * abs(z.high) { break }
    }
    return z
  }
}
