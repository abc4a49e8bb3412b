import CVectorKernels

/// The processor's vector instructions that a simulation computes with.
///
/// AVX2, AVX-512 and arm64's give the same bits; `plain` on x86-64 lacks the fused multiply-add and rounds differently.
public enum InstructionSet: String, CaseIterable, Sendable {
  /// What every processor of the architecture has: SSE2 on x86-64, NEON on arm64.
  case plain
  /// AVX2 with fused multiply-add.
  case avx2
  /// AVX-512 (F, DQ, VL, BW).
  case avx512

  /// Whether this processor has it.
  public var isAvailable: Bool { vector_kernels_for(identifier, 0) != nil }

  /// Whether it rounds a product and a sum once, in a fused multiply-add; sets that do give the same bits.
  public var fusesMultiplyAdd: Bool {
    #if arch(x86_64)
      self != .plain
    #else
      true
    #endif
  }

  /// The sets that this processor has, the widest last.
  public static var available: [InstructionSet] { allCases.filter(\.isAvailable) }

  /// The widest that this processor has.
  public static var best: InstructionSet { available.last ?? .plain }

  private var identifier: instruction_set {
    switch self {
    case .plain: instructions_plain
    case .avx2: instructions_avx2
    case .avx512: instructions_avx512
    }
  }

  /// Its loops in a precision; nil where the processor does not have it.
  func kernels(_ precision: Precision) -> Kernels? {
    vector_kernels_for(identifier, precision == .double ? 1 : 0).map {
      Kernels(loops: $0.pointee, precision: precision)
    }
  }
}

/// The precision that weights, gradients and moments are kept in.
public enum Precision: String, CaseIterable, Sendable {
  /// 24 bits, as networks are trained.
  case single
  /// 53 bits.
  case double

  var bytes: Int { self == .single ? 4 : 8 }
}

/// The loops of an instruction set in a precision.
struct Kernels {
  let loops: vector_kernels
  let precision: Precision
}

/// Neurons side by side in a panel.
let lanes = vector_lanes
