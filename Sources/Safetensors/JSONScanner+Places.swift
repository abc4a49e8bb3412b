/// Values of one kind, with the place that an error names.
extension JSONScanner {
  /// What comes next has to be of a kind.
  mutating func expect(_ expected: Kind, at place: @autoclosure () -> String) throws(TensorFileError) {
    let found: Kind
    do throws(Malformed) { found = try kind() } catch { throw .malformedHeader(at: "") }
    guard found == expected else { throw .malformedHeader(at: place()) }
  }

  /// The name of the next member of an object; nil where the object ends.
  mutating func checkedName() throws(TensorFileError) -> String? {
    do throws(Malformed) { return try name() } catch { throw .malformedHeader(at: "") }
  }

  /// Passes over a value that nobody asked for.
  mutating func skipChecked() throws(TensorFileError) {
    do throws(Malformed) { try skip() } catch { throw .malformedHeader(at: "") }
  }

  /// Nothing but blanks may be left.
  mutating func finishChecked() throws(TensorFileError) {
    do throws(Malformed) { try finish() } catch { throw .malformedHeader(at: "") }
  }

  /// A text.
  mutating func text(at place: @autoclosure () -> String) throws(TensorFileError) -> String {
    try expect(.text, at: place())
    do throws(Malformed) { return try text() } catch { throw .malformedHeader(at: "") }
  }

  /// An array of whole numbers, of a bounded length.
  mutating func integers(at place: @autoclosure () -> String, limit: Int) throws(TensorFileError) -> [Int] {
    try expect(.array, at: place())
    enter()
    var numbers: [Int] = []
    while try hasCheckedElement() {
      guard numbers.count < limit else { throw .tooManyNumbers(at: place(), limit: limit) }
      try expect(.number, at: "\(place())/\(numbers.count)")
      do throws(Malformed) { numbers.append(try integer()) } catch { throw .malformedHeader(at: "") }
    }
    return numbers
  }

  /// An object whose values are all text.
  mutating func texts(at place: @autoclosure () -> String) throws(TensorFileError) -> [String: String] {
    try expect(.object, at: place())
    enter()
    var members: [(key: String, value: String)] = []
    while let key = try checkedName() { members.append((key, try text(at: "\(place())/\(key)"))) }
    // A dictionary that grows costs several times as much.
    var texts = [String: String](minimumCapacity: members.count)
    for (key, value) in members {
      guard texts.updateValue(value, forKey: key) == nil else { throw .repeatedKey("\(place())/\(key)") }
    }
    return texts
  }

  private mutating func hasCheckedElement() throws(TensorFileError) -> Bool {
    do throws(Malformed) { return try hasElement() } catch { throw .malformedHeader(at: "") }
  }
}
