import RealModule
import RootFinding

extension Formula {
  /// The value of `symbol` at which the formula equals `target`.
  ///
  /// In closed form where the formula is a power law in the symbol; otherwise the symbol's range is scanned for
  /// changes of sign (in ln x and, below an upper end, in ln(upper − x)) and each is refined by a bracketed root.
  ///
  /// - Parameters:
  ///   - symbol: what to solve for.
  ///   - target: the value to reach, positive.
  ///   - values: every other symbol of the formula.
  ///   - range: where to look; the symbol's range between 10⁻¹⁸ and 10¹⁸ where nil.
  /// - Throws: ``FormulaError/noSolution(_:target:range:)``, ``FormulaError/severalSolutions(_:target:_:)``,
  ///   ``FormulaError/independent(_:)``, ``FormulaError/missing(_:)``.
  public func solved(
    for symbol: Symbol, equals target: Double, given values: [Symbol: Double],
    range: ClosedRange<Double>? = nil
  ) throws(FormulaError) -> Double {
    guard symbols.contains(symbol) else { throw .independent(symbol) }
    let missing = symbols.filter { $0 != symbol && values[$0] == nil }
    guard missing.isEmpty else { throw .missing(missing) }

    let limits = range ?? max(symbol.domain.lower, 1e-18)...min(symbol.domain.upper, 1e18)
    if let exponent = exponent(of: symbol), exponent != 0 {
      var unit = values
      unit[symbol] = 1
      let coefficient = try evaluated(unit)
      let solution = Formula.raise(
        target / coefficient, Rational(exponent.denominator, exponent.numerator))
      guard symbol.domain.contains(solution) else {
        throw .noSolution(symbol, target: target, range: limits)
      }
      return solution
    }

    func distance(_ x: Double) -> Double {
      var trial = values
      trial[symbol] = x
      guard let value = try? evaluated(trial), value > 0 else { return .nan }
      return Double.log(value / target)
    }
    var roots: [Double] = []
    var previous: (x: Double, distance: Double)?
    for x in Formula.scan(limits, below: symbol.domain.upper) where symbol.domain.contains(x) {
      let here = (x: x, distance: distance(x))
      defer { previous = here }
      if here.distance == 0 { roots.append(x) }
      guard let before = previous, before.distance * here.distance < 0 else { continue }
      do { roots.append(try bracketedRoot(from: before.x, to: x, of: distance)) } catch { throw .root(error) }
    }
    guard let root = roots.first else { throw .noSolution(symbol, target: target, range: limits) }
    guard roots.count == 1 else { throw .severalSolutions(symbol, target: target, roots) }
    return root
  }

  /// Points from the lower to the upper end, even in ln x and, near a finite upper end, in ln(upper − x).
  private static func scan(_ limits: ClosedRange<Double>, below upper: Double) -> [Double] {
    let count = 720
    let (low, high) = (Double.log(limits.lowerBound), Double.log(limits.upperBound))
    var points = (0...count).map { Double.exp(low + (high - low) * Double($0) / Double(count)) }
    if upper.isFinite {
      points.removeAll { $0 > upper / 2 }
      points += (1...count).map { upper * (1 - 0.5 * Double.exp(-36 * Double($0) / Double(count))) }
    }
    return [limits.lowerBound] + points.filter { limits.contains($0) }
  }
}
