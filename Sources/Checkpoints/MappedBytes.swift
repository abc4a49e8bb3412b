import CVectorKernels

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Some bytes of a file as memory, as long as this lives, for the thread that made it.
struct MappedBytes: ~Copyable {
  private let base: UnsafeMutableRawPointer
  private let size: Int
  private let mapGuard: Int32
  /// The first of the bytes that were asked for.
  let start: UnsafeRawPointer

  /// Maps a range that is not empty.
  init(_ input: borrowing OpenFile, _ range: Range<Int>) throws(CheckpointError) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let first = range.lowerBound / page * page
    size = range.upperBound - first
    let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, input.descriptor, off_t(first))
    guard let address, address != MAP_FAILED else { throw .unreadable(path: input.file.path) }
    base = address
    start = UnsafeRawPointer(address) + (range.lowerBound - first)
    mapGuard = guard_begin(base, size)
  }

  /// Ends the reading: whether all bytes were there. Those of a file that was truncated meanwhile were read as zeros.
  consuming func finish() -> Bool {
    let isWhole = guard_end(mapGuard) == 0
    munmap(base, size)
    discard self
    return isWhole
  }

  deinit {
    _ = guard_end(mapGuard)
    munmap(base, size)
  }
}
