import RootFinding
import Testing

@Suite struct CubicRootTests {
  /// (z − r)(z² + pz + p²·k) with p ≥ 2r has no cancellation in its coefficients and one positive root, r.
  @Test(arguments: [1e-90, 1e-30, 1e-8, 1, 3.5, 1e8, 1e40, 1e90], [2.0, 1e3, 1e9])
  func recoversTheRootOfAProduct(root r: Double, ratio: Double) throws {
    let p = ratio * r
    let root = try positiveCubicRoot(1, p - r, p * (p - r), -p * p * r)
    #expect(abs(root / r - 1) < 2e-15)
  }

  @Test(arguments: [1e-100, 1e-60, 1e-9, 1, 1e9, 1e60, 1e100])
  func solvesPureCubes(s: Double) throws {
    #expect(abs(try positiveCubicRoot(1, 0, 0, -s * s * s) / s - 1) < 4e-16)
    #expect(try positiveCubicRoot(1, -s, 0, 0) == s)
  }

  @Test(arguments: [
    ([1.0, 1, 1, 1], RootFindingError.signChanges(found: 0)),
    ([1, -1, 1, -1], .signChanges(found: 3)),
    ([1, 0, 0, 0], .signChanges(found: 0)),
    ([.infinity, 0, 0, -1], .notFinite(.infinity)),
  ])
  func refuses(coefficients: [Double], error: RootFindingError) {
    #expect(throws: error) {
      try positiveCubicRoot(coefficients[0], coefficients[1], coefficients[2], coefficients[3])
    }
  }
}

@Suite struct BracketedRootTests {
  @Test func findsARoot() throws {
    let root = try bracketedRoot(from: 0, to: 3) { 1 - $0 * $0 / 2 }
    #expect(abs(root - 2.0.squareRoot()) < 5e-16)
  }

  @Test func namesTheBracketWithoutChangeOfSign() {
    #expect(throws: RootFindingError.noSignChange(lower: 1, upper: 2)) {
      try bracketedRoot(from: 1, to: 2) { $0 }
    }
  }

  @Test func refusesAnInfiniteBracket() {
    #expect(throws: RootFindingError.notFinite(.infinity)) {
      try bracketedRoot(from: 1, to: .infinity) { $0 }
    }
  }
}
