import Equilibrium
import Foundation
import Formulas
import Optimizers
import Testing

/// Every step of every derivation, as numbers.
@Suite struct DerivationTests {
  /// Values of what no step defines, for a learning rate: small and large contributions of the decay.
  static func givens(_ optimizer: Optimizer, learningRate: Double, coefficient: Double) -> [Symbol: Double] {
    var values: [Symbol: Double] = [.learningRate: learningRate, .weightDecay: 0.3, .dimension: 96]
    switch optimizer {
    case .sgdm: values.merge([.momentum: coefficient, .unitGradientPower: 7e-3]) { $1 }
    case .adamW: values[.beta1] = coefficient
    case .adamL2: values.merge([.beta1: coefficient, .gradientMass: 0.4]) { $1 }
    default:
      values.merge([.beta1: coefficient, .beta2: 1 - (1 - coefficient) / 7, .gradientPower: 0.02]) { $1 }
    }
    return values
  }

  static let learningRates = [0.3, 0.03, 3e-3, 3e-4, 3e-5, 3e-6]
  static let coefficients = [0, 0.3, 0.9]

  /// What is wrong with a derivation, in words; empty where every step holds.
  static func faults(in derivation: Derivation, of optimizer: Optimizer) throws -> [String] {
    var faults: [String] = []
    for coefficient in coefficients {
      var errors: [Derivation.Equation: [Double]] = [:]
      for learningRate in learningRates {
        let values = try derivation.values(
          at: givens(optimizer, learningRate: learningRate, coefficient: coefficient))
        for equation in derivation.steps.compactMap(\.equation) {
          let name = "\(equation.tag) \(PlainText.render(equation.left)) at η = \(learningRate)"
          let error = abs(try equation.left.evaluated(values) / equation.right.evaluated(values) - 1)
          switch equation.relation {
          case .equal:
            if !(error < 1e-12) { faults.append("\(name): off by \(error)") }
          case .approximate(let ratio, let factor):
            let ratio = try ratio.evaluated(values)
            guard ratio <= 0.5 else { continue }
            let bound = factor.value * ratio
            if !(error <= bound + 1e-12) {
              faults.append("\(name): off by \(error), at most \(bound) stated")
            }
            // A bound far above the error would let mistakes through.
            if !(error >= bound / 4 - 1e-12) {
              faults.append("\(name): off by \(error) only, \(bound) stated")
            }
            errors[equation, default: []].append(error)
          }
          if let power = equation.powersOf {
            let error = abs(
              sum(ofPowersOf: try power.evaluated(values)) / (try equation.right.evaluated(values)) - 1)
            if !(error < 1e-12) { faults.append("\(name): the sum is off by \(error)") }
          }
        }
      }
      for (equation, errors) in errors
      where errors.count < 4 || !zip(errors, errors.dropFirst()).allSatisfy(>) {
        faults.append("\(equation.tag): \(errors) does not shrink with its ratio")
      }
    }
    return faults
  }

  /// Σ qʲ, term by term, until a term no longer counts.
  static func sum(ofPowersOf q: Double) -> Double {
    var (total, term) = (0.0, 1.0)
    while term > 1e-18 {
      total += term
      term *= q
    }
    return total
  }

  @Test(arguments: Optimizer.catalogue)
  func everyStepHolds(_ optimizer: Optimizer) throws {
    let faults = try Self.faults(in: optimizer.derivation, of: optimizer)
    #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
  }

  /// The check of the check: a factor of 1.001 on the right of any one step must show.
  @Test(arguments: Optimizer.catalogue)
  func everyStepCanFail(_ optimizer: Optimizer) throws {
    for (index, step) in optimizer.derivation.steps.enumerated() {
      guard let equation = step.equation else { continue }
      var broken = optimizer.derivation
      broken.steps[index].equation?.right = equation.right * .number(Rational(1001, 1000))
      #expect(try !Self.faults(in: broken, of: optimizer).isEmpty, "\(equation.tag) \(step.prose.plain)")
    }
  }

  @Test(arguments: Optimizer.catalogue, Quantity.allCases)
  func everyTableEntryIsReached(optimizer: Optimizer, quantity: Quantity) throws {
    let entry = try #require(optimizer.formula(quantity, .leading)?.formula)
    let table = [.rmsDiffusionRate, .rotationalDiffusionRate].contains(quantity) ? "Table 6" : "Table 1"
    let reached = optimizer.derivation.steps.compactMap(\.equation).contains {
      $0.left == .symbol(quantity.symbol) && $0.right == entry && $0.definition == nil
        && $0.tag.hasSuffix(table)
    }
    #expect(reached)
  }

  @Test(arguments: Optimizer.catalogue)
  func everyEquationHasANumberAndEveryStepASentence(_ optimizer: Optimizer) {
    for step in optimizer.derivation.steps {
      let sentence = step.prose.plain
      #expect(sentence.hasSuffix(".") || sentence.hasSuffix(":"), "\(sentence)")
      guard let tag = step.equation?.tag else { continue }
      #expect(tag.contains(/\(\d+\)/) || tag == "Table 6", "\(tag)")
    }
  }

  @Test(arguments: Optimizer.catalogue)
  func everySymbolIsDefinedOnceAndPrintable(_ optimizer: Optimizer) {
    let symbols = optimizer.derivation.definitions.map(\.symbol)
    #expect(Set(symbols).count == symbols.count)
    #expect(Set(symbols.map(\.plain)).count == symbols.count)
    #expect(Set(symbols.map(\.sympy)).count == symbols.count)
  }

  @Test func missingValuesAreNamed() {
    #expect(throws: FormulaError.missing([.dimension])) {
      try Optimizer.adamW.derivation.values(at: [.learningRate: 1e-3, .weightDecay: 0.1, .beta1: 0.9])
    }
  }

  /// The steps of one coordinate hold in each where they differ, and (90) is the sum of (89).
  @Test func adamL2HoldsCoordinateByCoordinate() throws {
    let derivation = Optimizer.adamL2.derivation
    let equations = derivation.steps.compactMap(\.equation)
    let ofOneCoordinate = equations.prefix(try #require(equations.firstIndex { $0.tag == "(91)" }))
    let (η, λ) = (1e-3, 0.02)
    let spectrum = (1...40).map { 1e-6 * Double($0 * $0) }
    let settings = try Settings(
      .adamL2, [.learningRate: η, .weightDecay: λ, .beta1: 0.9], spectrum: spectrum)
    let z = try #require(settings.values[.normSquared])
    var (total, leading) = (0.0, 0.0)
    for γ in spectrum {
      var givens = settings.values
      givens[Quantity.equilibriumNorm.symbol] = z.squareRoot()
      givens[.coordinateUnitGradientPower] = γ
      givens[.coordinatePower] = η / 8 * (η + (η * η + 16 * γ / (λ * λ * z)).squareRoot())
      let values = try derivation.values(at: givens)
      for equation in ofOneCoordinate {
        let error = abs(try equation.left.evaluated(values) / equation.right.evaluated(values) - 1)
        #expect(error < 1e-12, "\(equation.tag)")
      }
      total += try #require(values[.coordinatePower])
      leading += try #require(equations.first { $0.tag == "(89)" }).right.evaluated(values)
      if γ == spectrum.last {
        let sum = try #require(equations.last { $0.tag == "(90)" }).right.evaluated(values)
        #expect(abs(leading / sum - 1) < 1e-12)
      }
    }
    #expect(abs(total / z - 1) < 1e-12)
  }

  /// (66) rests on E|n| = √(2/π)·σ of a normal n, here summed over a grid (σ = 1).
  @Test func meanAbsoluteValueOfANormalNumber() {
    let step = 1e-4
    let sum = (0..<100_000).reduce(0.0) { total, index in
      let n = (Double(index) + 0.5) * step
      return total + 2 * n * exp(-n * n / 2) / (2 * Double.pi).squareRoot() * step
    }
    #expect(abs(sum / (2 / Double.pi).squareRoot() - 1) < 1e-8)
  }
}
