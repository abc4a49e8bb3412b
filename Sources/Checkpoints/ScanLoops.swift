import CVectorKernels
import Safetensors

/// The loops of an instruction set that read stored weights.
struct ScanLoops: @unchecked Sendable {
  let kernels: scan_kernels

  /// Those of an instruction set; nil where the processor does not have it.
  init?(_ set: instruction_set) {
    guard let kernels = scan_kernels_for(set) else { return nil }
    self.kernels = kernels.pointee
  }

  private init(plain: UnsafePointer<scan_kernels>) { kernels = plain.pointee }

  /// All that this processor has, the widest last.
  static let available = [instructions_plain, instructions_avx2, instructions_avx512].compactMap {
    ScanLoops($0)
  }

  /// The widest that this processor has.
  static var best: ScanLoops {
    guard let best = available.last else { preconditionFailure("every processor has the plain loops") }
    return best
  }
}

extension StoredType {
  /// The type as the loops know it; nil for those that they do not read.
  var scanType: stored_type? {
    switch self {
    case .readable(.float64): stored_float64
    case .readable(.float32): stored_float32
    case .readable(.float16): stored_float16
    case .readable(.brainFloat16): stored_brain_float16
    default: nil
    }
  }
}
