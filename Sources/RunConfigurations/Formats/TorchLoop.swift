/// The training loop of a PyTorch script, as far as it shows: where updates are made, and where a scheduler takes its step.
struct TorchLoop {
  private let program: PythonProgram
  private let updates: [PythonProgram.Found]

  init(_ program: PythonProgram) {
    self.program = program
    updates = program.calls.filter {
      let name = $0.call.name.lowercased()
      return Self.last(name) == "step" && !name.contains("sched")
        && ["optim", "opt", "scaler", "accelerator"].contains(where: name.contains)
    }
  }

  private static func last(_ name: String) -> String {
    name.split(separator: ".").last.map(String.init) ?? name
  }

  private static func countsEpochs(_ header: PythonProgram.Header) -> Bool {
    header.keyword == "for" && header.targets.contains { $0.lowercased().contains("epoch") || $0 == "ep" }
  }

  /// The blocks within which a call runs, from the outside in, through the functions of the program that hold it.
  private func paths(of found: PythonProgram.Found, depth: Int = 3) -> [[PythonProgram.Header]] {
    guard depth > 0, let function = found.headers.last(where: { $0.keyword == "def" })?.targets.first else {
      return [found.headers]
    }
    let callers = program.ownCalls.filter { call in
      Self.last(call.name) == function && !call.headers.contains { $0.targets == [function] }
    }
    guard !callers.isEmpty else { return [found.headers] }
    return callers.prefix(10).flatMap { paths(of: $0, depth: depth - 1) }.map { $0 + found.headers }
  }

  // MARK: Counting

  /// The rounds of the one loop over epochs that holds the updates.
  var epochs: Double? {
    let loops = updates.flatMap { paths(of: $0) }.compactMap { $0.first(where: Self.countsEpochs) }
    let rounds = loops.map { program.rounds(of: $0) }
    guard let first = rounds.first, rounds.allSatisfy({ $0 == first }) else { return nil }
    return first
  }

  /// Batches to an update where one is made after so many: `if i % 4 == 0: optimizer.step()`.
  struct Accumulation {
    /// Nil where it is not known.
    let batches: Double?
    let source: String
    let line: Int
    /// Whether batches that are left at the end of an epoch make an update too.
    let includesRest: Bool
  }

  var accumulation: Accumulation? {
    for update in updates {
      for header in update.headers where header.keyword == "if" {
        if let found = Self.accumulation(header, program) { return found }
      }
      // `if i % 4 != 0: continue` before it.
      let loop = update.headers.last(where: \.isLoop)
      for leave in program.leaves where leave.keyword == "continue" && leave.line < update.call.line {
        guard let header = leave.headers.last, header.keyword == "if",
          leave.headers.last(where: \.isLoop) == loop,
          let found = Self.accumulation(header, program)
        else { continue }
        return Accumulation(
          batches: nil, source: found.source, line: found.line, includesRest: found.includesRest)
      }
    }
    return nil
  }

  private static func accumulation(
    _ header: PythonProgram.Header, _ program: PythonProgram
  ) -> Accumulation? {
    guard let sign = header.tokens.firstIndex(of: .symbol("%")) else { return nil }
    var depth = 0
    var end = sign + 1
    loop: while end < header.tokens.count {
      switch header.tokens[end] {
      case .symbol("("), .symbol("["): depth += 1
      case .symbol(")"), .symbol("]"):
        depth -= 1
        if depth < 0 { break loop }
      case .symbol("=="), .symbol("!="), .symbol("<"), .symbol(">"), .name("and"), .name("or"): break loop
      default: break
      }
      end += 1
    }
    var batches: Double?
    let isOfEpochs = header.tokens[..<sign].contains { $0.text.lowercased().contains("epoch") }
    if !isOfEpochs,
      case .number(let number)? = PythonExpression.value(
        of: header.tokens[(sign + 1)..<end], names: { program.value($0) }), number >= 1
    {
      batches = number
    }
    return Accumulation(
      batches: batches, source: PythonExpression.source(header.tokens[...]), line: header.line,
      includesRest: header.tokens.contains(.name("or")))
  }

  /// Where the loop of the updates is left before its end, a line.
  var exit: Int? {
    program.leaves.first { leave in
      guard leave.keyword == "break", let loop = leave.headers.last(where: \.isLoop) else { return false }
      return updates.contains { $0.headers.contains(loop) }
    }?.line
  }

  // MARK: Schedulers

  /// How often a scheduler takes its step.
  struct Pace {
    /// `step` beside the updates, or `epoch`; nil where it does not show.
    var interval: String?
    /// Steps that it has taken more than updates or epochs are done.
    var ahead = 0
    /// A step that is given what to follow.
    var unfollowed: PythonCall?
    /// Whether the script shows none of its steps.
    var isUnshown = false
  }

  func pace(of scheduler: PythonProgram.Found) -> Pace {
    guard let target = scheduler.target else { return Pace() }
    let own = program.calls.filter {
      $0.call.name == "\(target).step" || $0.call.name == "self.\(target).step"
    }
    if let given = own.first(where: { !$0.call.positional.isEmpty || !$0.call.named.isEmpty }) {
      return followedEpochs(given, isOnly: own.count == 1) ?? Pace(unfollowed: given.call)
    }
    guard own.count == 1, let step = own.first else { return Pace(isUnshown: own.isEmpty) }
    let beside = updates.first { $0.headers == step.headers }
    if let update = beside, step.headers.contains(where: \.isLoop) {
      return Pace(interval: "step", ahead: step.call.line < update.call.line ? 1 : 0)
    }
    let loops = step.headers.filter(\.isLoop)
    guard loops.count == 1, step.headers.last == loops[0], Self.countsEpochs(loops[0]) else { return Pace() }
    return Pace(interval: "epoch", ahead: isBeforeUpdates(step, in: loops[0]) ? 1 : 0)
  }

  /// `scheduler.step(epoch)` in the loop over epochs.
  private func followedEpochs(_ step: PythonProgram.Found, isOnly: Bool) -> Pace? {
    guard isOnly, step.call.named.isEmpty, step.call.positional.count == 1,
      case .unknown(let name) = step.call.positional[0], let loop = step.headers.last,
      Self.countsEpochs(loop),
      loop.targets == [name], loop.tokens.contains(.name("range")),
      // A range from 1 on, or from where it was left, counts otherwise.
      !loop.tokens.contains(.symbol(","))
    else { return nil }
    return Pace(interval: "epoch", ahead: isBeforeUpdates(step, in: loop) ? 0 : -1)
  }

  /// Whether a step stands before the updates in a loop over epochs.
  private func isBeforeUpdates(_ step: PythonProgram.Found, in loop: PythonProgram.Header) -> Bool {
    let makers = Set(updates.compactMap { $0.headers.last(where: { $0.keyword == "def" })?.targets.first })
    let lines =
      updates.filter { $0.headers.contains(loop) }.map(\.call.line)
      + program.ownCalls.filter { $0.headers.contains(loop) && makers.contains(Self.last($0.name)) }
      .map(\.call.line)
    return lines.min().map { step.call.line < $0 } ?? false
  }
}
