import Formulas

func symbol(_ name: String, _ domain: Domain = .positive) -> Symbol {
  Symbol(name, plain: name, latex: name, sympy: name, meaning: name, domain: domain)
}

let x = Formula.symbol(symbol("x"))
let y = Formula.symbol(symbol("y"))
let z = Formula.symbol(symbol("z"))

/// The only positive root of z³ − xz² − y = 0.
let cubic = Formula.solution(Solution(symbol("z"), .cubic([1, -x, 0, -y]), estimate: x))
/// The root of z·√(1 + z) = x.
let balance = Formula.solution(
  Solution(symbol("z"), .balance(left: z * (1 + z).squareRoot, right: x), estimate: x))

/// A generator with a fixed seed, so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
