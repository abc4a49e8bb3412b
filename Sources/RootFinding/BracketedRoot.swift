import CGSL

/// The root of `function` between `lower` and `upper`, by GSL's Brent–Dekker method.
///
/// - Parameters:
///   - lower: lower end of the bracket, finite.
///   - upper: upper end of the bracket, finite.
///   - relativeTolerance: width of the final bracket over its smaller end, at least 4·10⁻¹⁶.
///   - function: continuous, of opposite signs at the two ends.
/// - Throws: ``RootFindingError/notFinite(_:)``, ``RootFindingError/noSignChange(lower:upper:)``,
///   ``RootFindingError/notConverged(iterations:)``.
public func bracketedRoot(
  from lower: Double, to upper: Double, relativeTolerance: Double = 4e-16,
  of function: (Double) -> Double
) throws(RootFindingError) -> Double {
  for end in [lower, upper] where !end.isFinite { throw .notFinite(end) }
  let atLower = function(lower)
  let atUpper = function(upper)
  for value in [atLower, atUpper] where value.isNaN { throw .notFinite(value) }
  if atLower == 0 { return lower }
  if atUpper == 0 { return upper }
  guard (atLower < 0) != (atUpper < 0) else { throw .noSignChange(lower: lower, upper: upper) }

  return try withoutActuallyEscaping(function) { (escaping) throws(RootFindingError) -> Double in
    try brent(from: lower, to: upper, relativeTolerance: relativeTolerance, of: escaping)
  }
}

/// GSL calls back through a C function pointer; the closure travels in `params` inside this box.
private final class FunctionBox {
  let function: (Double) -> Double
  init(_ function: @escaping (Double) -> Double) { self.function = function }
}

/// GSL aborts the process on an error unless its handler is off; its return codes are checked instead.
private let errorHandlerIsOff: Bool = {
  gsl_set_error_handler_off()
  return true
}()

private let success = Int32(GSL_SUCCESS)

private func brent(
  from lower: Double, to upper: Double, relativeTolerance: Double,
  of function: @escaping (Double) -> Double
) throws(RootFindingError) -> Double {
  let iterations = 200
  guard errorHandlerIsOff, let solver = gsl_root_fsolver_alloc(roteq_brent_solver()) else {
    throw .notConverged(iterations: 0)
  }
  defer { gsl_root_fsolver_free(solver) }
  let box = FunctionBox(function)
  return try withExtendedLifetime(box) { () throws(RootFindingError) -> Double in
    var problem = gsl_function()
    problem.params = Unmanaged.passUnretained(box).toOpaque()
    problem.function = { x, parameters in
      guard let parameters else { return .nan }
      return Unmanaged<FunctionBox>.fromOpaque(parameters).takeUnretainedValue().function(x)
    }
    guard gsl_root_fsolver_set(solver, &problem, lower, upper) == success else {
      throw .noSignChange(lower: lower, upper: upper)
    }
    for _ in 0..<iterations {
      guard gsl_root_fsolver_iterate(solver) == success else { break }
      let low = gsl_root_fsolver_x_lower(solver)
      let high = gsl_root_fsolver_x_upper(solver)
      if gsl_root_test_interval(low, high, 0, relativeTolerance) == success {
        return gsl_root_fsolver_root(solver)
      }
    }
    throw .notConverged(iterations: iterations)
  }
}
