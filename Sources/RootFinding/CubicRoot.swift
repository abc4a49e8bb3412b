import CGSL
import RealModule

/// The only positive root of a·z³ + b·z² + c·z + d.
///
/// The coefficients must change sign exactly once (Descartes' rule then gives exactly one positive root).
/// GSL's solver supplies the seed on scaled coefficients; since it loses digits when they span many decades,
/// Newton's method on ln(positive terms / negative terms), which has no cancellation, polishes it.
///
/// - Returns: the root, to a few units in the last place.
/// - Throws: ``RootFindingError/notFinite(_:)``, ``RootFindingError/signChanges(found:)``.
public func positiveCubicRoot(
  _ a: Double, _ b: Double, _ c: Double, _ d: Double
) throws(RootFindingError) -> Double {
  let given = [d, c, b, a]
  for value in given where !value.isFinite { throw .notFinite(value) }
  let signs = given.filter { $0 != 0 }.map { $0 > 0 }
  let changes = zip(signs, signs.dropFirst()).count { $0 != $1 }
  guard changes == 1 else { throw .signChanges(found: changes) }
  guard a != 0 else {
    return try positiveRoot(ofPolynomial: given, seed: .nan)
  }

  // z = scale·y leaves every coefficient of the monic polynomial in y at most 1.
  let monic = [d / a, c / a, b / a]
  let scale = max(abs(monic[2]), abs(monic[1]).squareRoot(), Double.root(abs(monic[0]), 3))
  let scaled = [monic[0] / scale / scale / scale, monic[1] / scale / scale, monic[2] / scale, 1]
  guard scaled[0] != 0 || scaled[1] != 0 || scaled[2] != 0, scale.isFinite, scale > 0 else {
    throw .notFinite(scale)
  }
  var low = 0.0
  var middle = 0.0
  var high = 0.0
  let count = gsl_poly_solve_cubic(scaled[2], scaled[1], scaled[0], &low, &middle, &high)
  return scale * (try positiveRoot(ofPolynomial: scaled, seed: count == 3 ? high : low))
}

/// Newton's method in ln z on ln(P₊/P₋), for coefficients (constant term first) that change sign once.
private func positiveRoot(
  ofPolynomial coefficients: [Double], seed: Double
) throws(RootFindingError) -> Double {
  let limit = 200
  var z = seed.isFinite && seed > 0 ? seed : 1
  let leadingSign: Double = (coefficients.last { $0 != 0 } ?? 1) > 0 ? 1 : -1
  for _ in 0..<limit {
    var positive = 0.0
    var negative = 0.0
    var positiveSlope = 0.0
    var negativeSlope = 0.0
    var power = 1.0
    for (degree, coefficient) in coefficients.enumerated() {
      let term = leadingSign * coefficient * power
      if term > 0 {
        positive += term
        positiveSlope += Double(degree) * term
      } else {
        negative -= term
        negativeSlope -= Double(degree) * term
      }
      power *= z
    }
    let ratio = positive / negative
    let slope = positiveSlope / positive - negativeSlope / negative
    // Near the root the logarithm is ratio − 1, which has no rounding error of its own.
    let value = abs(ratio - 1) < 1e-3 ? ratio - 1 : Double.log(ratio)
    let step = value / slope
    guard step.isFinite else { throw .notConverged(iterations: limit) }
    z *= abs(step) < 1e-3 ? 1 - step : Double.exp(-step)
    // Newton squares the error: after a step of 1e-9 what is left is below rounding.
    if abs(step) < 1e-9 { return z }
  }
  throw .notConverged(iterations: limit)
}
