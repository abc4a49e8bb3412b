#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Some bytes of a file as memory, as long as this lives.
struct MappedBytes: ~Copyable {
  private let base: UnsafeMutableRawPointer
  private let size: Int
  /// The first of the bytes that were asked for.
  let start: UnsafeRawPointer

  /// Maps a range that is not empty. The file must be as long as it says: a page that is gone ends the program.
  init(_ input: borrowing OpenFile, _ range: Range<Int>) throws(CheckpointError) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let first = range.lowerBound / page * page
    size = range.upperBound - first
    let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, input.descriptor, off_t(first))
    guard let address, address != MAP_FAILED else { throw .unreadable(path: input.file.path) }
    base = address
    start = UnsafeRawPointer(address) + (range.lowerBound - first)
  }

  deinit { munmap(base, size) }
}
