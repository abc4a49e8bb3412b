import RealModule

/// 1 − ρₙ for a second-order autoregressive process, where ρₙ is its autocorrelation at lag n.
///
/// cos∠(ωₜ, ωₜ₊ₙ) = ρₙ. With poles p₁, p₂ and Sₙ(p) = 1 + p + … + pⁿ⁻¹,
/// 1 − ρₙ = (1 − p₁)(1 − p₂)/(1 + p₁p₂)·[Sₙ(p₁) + p₂(1 + p₁)·Sₙ[p₁, p₂]], where Sₙ[p₁, p₂] is a divided
/// difference. Every term is positive, so the smallest angles keep all their digits.
///
/// - Parameters:
///   - steps: the lag n, at least 1.
///   - gap1: 1 − p₁, in (0, 1].
///   - gap2: 1 − p₂, in (0, 1].
public func decorrelation(steps: Int, gap1: Double, gap2: Double) -> Double {
  let sums = PoleSums(steps: steps, gap1: gap1, gap2: gap2)
  let (p1, p2) = (1 - gap1, 1 - gap2)
  return gap1 * gap2 / (1 + p1 * p2) * (sums.sum1 + p2 * (1 + p1) * sums.difference)
}

/// 1 − ρₙ from the recurrence of the autocorrelation, ρₙ = φ₁ρₙ₋₁ + φ₂ρₙ₋₂ for n ≥ 2, for poles that are complex or
/// a process with a moving-average part.
///
/// - Parameters:
///   - steps: the lag n, at least 1.
///   - first: 1 − ρ₁.
///   - trace: φ₁, the sum of the poles.
///   - determinant: −φ₂, the product of the poles, in [0, 1).
///   - gap: (1 − p₁)(1 − p₂).
public func decorrelation(
  steps: Int, first: Double, trace: Double, determinant: Double, gap: Double
) -> Double {
  var (before, here) = (0.0, first)
  for _ in 1..<max(steps, 1) {
    let next = trace * here - determinant * before + gap
    // The recurrence has settled where neither of the last two steps moved it.
    if next == here, here == before { return here }
    (before, here) = (here, next)
  }
  return here
}

/// The gaps 1 − p of two real poles with sum 2 − `sum` and (1 − p₁)(1 − p₂) = `product`; nil where they are complex.
public func poleGaps(sum: Double, product: Double) -> (Double, Double)? {
  let discriminant = sum * sum - 4 * product
  guard discriminant >= 0 else { return nil }
  let larger = (sum + discriminant.squareRoot()) / 2
  return (product / larger, larger)
}

/// The angle whose cosine is 1 − `loss`, in radians.
public func angle(cosineLoss loss: Double) -> Double { 2 * Double.asin(min(1, (loss / 2).squareRoot())) }

/// Sₙ(p₁), Sₙ(p₂), the divided difference Sₙ[p₁, p₂] and hₙ = (p₁ⁿ − p₂ⁿ)/(p₁ − p₂), by doubling: O(log n), no
/// subtraction.
public struct PoleSums: Sendable {
  /// Sₙ(p₁) = Σ p₁ᵏ, k < n.
  public private(set) var sum1 = 1.0
  /// Sₙ(p₂).
  public private(set) var sum2 = 1.0
  /// Sₙ[p₁, p₂] = (Sₙ(p₁) − Sₙ(p₂))/(p₁ − p₂).
  public private(set) var difference = 0.0
  /// hₙ = (p₁ⁿ − p₂ⁿ)/(p₁ − p₂).
  public private(set) var powerDifference = 1.0

  /// The sums for n = `steps` ≥ 1 and poles 1 − gap.
  public init(steps: Int, gap1: Double, gap2: Double) {
    let (log1, log2) = (Double.log(onePlus: -gap1), Double.log(onePlus: -gap2))
    func sum(_ n: Int, _ logarithm: Double, _ gap: Double) -> Double {
      -Double.expMinusOne(Double(n) * logarithm) / gap
    }
    var n = 1
    for bit in String(steps, radix: 2).dropFirst() {
      let (power1, power2) = (Double.exp(Double(n) * log1), Double.exp(Double(n) * log2))
      difference = difference * (1 + power1) + sum(n, log2, gap2) * powerDifference
      powerDifference *= power1 + power2
      n *= 2
      if bit == "1" {
        difference += powerDifference
        powerDifference = Double.exp(Double(n) * log1) + (1 - gap2) * powerDifference
        n += 1
      }
    }
    sum1 = sum(n, log1, gap1)
    sum2 = sum(n, log2, gap2)
  }
}
