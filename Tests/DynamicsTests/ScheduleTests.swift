import Dynamics
import RealModule
import Testing

@Suite struct ScheduleTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let specification: String
    /// Factor after a number of steps, in a run of 100.
    let factors: [(taken: Int, factor: Double)]
    var testDescription: String { specification }
    init(_ specification: String, _ factors: (Int, Double)...) {
      self.specification = specification
      self.factors = factors.map { (taken: $0.0, factor: $0.1) }
    }
  }

  static let half = 0.5.squareRoot()
  static let cases = [
    Case("constant", (0, 1), (99, 1)),
    Case("constant:warmup=10", (0, 0), (5, 0.5), (10, 1), (99, 1)),
    Case("constant:warmup=10,warmup-from=0.5", (0, 0.5), (5, 0.75), (10, 1)),
    Case("linear", (0, 1), (25, 0.75), (99, 0.01)),
    Case("linear:floor=0.2,end=50", (25, 0.6), (50, 0.2), (99, 0.2)),
    Case("cosine", (0, 1), (25, (1 + half) / 2), (50, 0.5), (75, (1 - half) / 2)),
    Case("cosine:floor=0.1", (50, 0.55)),
    // After the warmup, or (warmup-prefix=0) behind it.
    Case("cosine:warmup=20", (10, 0.5), (20, 1), (60, 0.5)),
    Case("cosine:warmup=20,warmup-prefix=0", (10, 0.5), (20, (1 + Double.cos(.pi / 5)) / 2), (50, 0.5)),
    Case("cosine:warmup=20,end=60", (40, 0.5), (60, 0), (99, 0)),
    // A whole wave comes back to the top.
    Case("cosine:cycles=1,floor=0.5", (25, 0.75), (50, 0.5), (75, 0.75), (100, 1)),
    Case("cosine-restarts:cycles=2", (25, 0.5), (49, (1 + Double.cos(0.98 * .pi)) / 2), (50, 1), (75, 0.5)),
    Case("cosine-restarts:cycles=2.5,floor=0.2,end=80", (32, 1), (48, 0.6), (64, 1), (80, 0.2), (99, 0.2)),
    Case("cosine-squared", (50, 0.25), (25, ((1 + half) / 2) * ((1 + half) / 2))),
    Case("cos2:floor=0.5", (50, 0.625)),
    Case("inverse-sqrt:timescale=1", (0, 1), (3, 0.5), (99, 0.1)),
    Case("inverse-sqrt:warmup=4", (2, 0.5), (4, 1), (16, 0.5)),
    Case("step:every=30", (29, 1), (30, 0.1), (60, 0.01)),
    Case("step:every=30,gamma=0.5,warmup=10", (5, 0.5), (10, 1), (30, 0.5)),
    Case("multistep:milestones=10/50/90,gamma=0.5", (9, 1), (10, 0.5), (50, 0.25), (99, 0.125)),
    Case("exponential:gamma=0.9", (0, 1), (2, 0.81)),
    Case("exponential:floor=0.01", (50, 0.1)),
    Case("polynomial:power=2", (50, 0.25), (90, 0.01)),
    Case("polynomial:power=0.5,floor=0.5", (75, 0.75)),
    Case("trapezoid", (0, 1), (80, 1), (90, 0.5)),
    Case("wsd:warmup=20,decay=40", (10, 0.5), (20, 1), (60, 1), (80, 0.5)),
    Case("wsd:decay-share=0.5,power=0.5", (50, 1), (62, 1 - (12.0 / 50).squareRoot())),
    Case("trapezoid:decay=100,floor=0.5", (50, 0.75)),
    Case(
      "trapezoid-cosine", (80, 1), (85, (1 + half) / 2), (90, 0.5), (99, (1 + Double.cos(0.95 * .pi)) / 2)),
    Case("wsd-cosine:warmup=20,decay=40,floor=0.5", (10, 0.5), (60, 1), (80, 0.75)),
    Case(
      "one-cycle:rise=0.21,div=10,final-div=10", (0, 0.1), (10, 0.55), (20, 1), (99, 0.01)),
    // Nothing rises: it starts at the top.
    Case("one-cycle:rise=0.01", (0, 1), (99, 1 / 25.0 / 1e4)),
  ]

  @Test(arguments: cases)
  func factors(_ test: Case) throws {
    let schedule = try ScheduleSpecification(parsing: test.specification).schedule(steps: 100)
    for (taken, factor) in test.factors {
      #expect(abs(schedule.factor(after: taken) - factor) <= 1e-15, "after \(taken)")
    }
  }

  /// Runs of a step or two have no rise; PyTorch's OneCycleLR divides by the part of the first phase that is before the start.
  @Test func oneCycleOfAFewSteps() throws {
    let schedule = { steps in try ScheduleSpecification(parsing: "one-cycle").schedule(steps: steps) }
    let last = 1 / 25.0 / 1e4
    let first = last + (1 - last) * (1 + Double.cos(.pi * 0.4 / 1.4)) / 2
    #expect(try abs(schedule(1).factor(after: 0) - last) < 1e-15)
    #expect(try abs(schedule(2).factor(after: 0) - first) < 1e-15)
    #expect(try abs(schedule(2).factor(after: 1) - last) < 1e-15)
  }

  /// Twice the waves would be no number.
  @Test func wavesWithoutNumber() throws {
    let schedule = try ScheduleSpecification(parsing: "cosine:cycles=1.7e308").schedule(steps: 100)
    for taken in 0..<100 { #expect((0...1).contains(schedule.factor(after: taken))) }
  }

  @Test(arguments: ScheduleKind.catalogue.map(\.name))
  func everyFactorIsAShareOfThePeak(_ name: String) throws {
    let needed = [
      "inverse-sqrt": ":timescale=7", "step": ":every=9", "multistep": ":milestones=3/50",
      "exponential": ":gamma=0.99", "polynomial": ":power=3",
    ]
    let schedule = try ScheduleSpecification(parsing: name + (needed[name] ?? "")).schedule(steps: 100)
    for taken in 0..<100 { #expect((0...1).contains(schedule.factor(after: taken))) }
  }

  @Test(arguments: cases)
  func theNameReadsBack(_ test: Case) throws {
    let specification = try ScheduleSpecification(parsing: test.specification)
    #expect(try ScheduleSpecification(parsing: specification.description) == specification)
  }

  @Test func aTableIsInterpolated() throws {
    // Steps of a table count from 1, as a log does.
    let table = try Schedule.table(steps: [1, 11, 21], values: [0, 1, 0.5])
    for (taken, value) in [(0, 0), (5, 0.5), (10, 1), (15, 0.75), (20, 0.5), (1000, 0.5)] {
      #expect(table.factor(after: taken) == value)
    }
  }

  static let refused: [(String, String)] = [
    ("cosin", "unknown schedule 'cosin'"),
    ("cosine:floor=-0.1", "schedule 'cosine': floor is -0.1, expected 0 to 1"),
    ("cosine:floor=nan", "schedule 'cosine': floor is nan, expected 0 to 1"),
    (
      "cosine:flor=1",
      "schedule 'cosine' has no parameter 'flor'; it has floor, cycles, warmup, warmup-from, warmup-prefix, end, hold"
    ),
    ("cosine:floor", "schedule 'cosine': 'floor' is not a parameter, expected NAME=NUMBER"),
    ("cosine:floor=a", "schedule 'cosine': 'floor=a' is not a parameter, expected NAME=NUMBER"),
    ("cosine:floor=0,floor=1", "schedule 'cosine': 'floor' is given twice"),
    ("cosine:floor=0/1", "schedule 'cosine': floor is 1, expected one number, 0 to 1"),
    (
      "cosine:warmup=100",
      "the warmup takes 100 steps, but the run has 100, expected a warmup shorter than the run"
    ),
    ("cosine:warmup=2.5", "schedule 'cosine': warmup is 2.5, expected a whole number of at least 1"),
    ("cosine:warmup-from=0.5", "'warmup-from' is given without a warmup; add warmup=STEPS"),
    ("cosine:warmup=50,end=50", "the schedule ends at step 50, expected after the warmup of 50 steps"),
    ("cosine:warmup=5,warmup-prefix=0.5", "schedule 'cosine': warmup-prefix is 0.5, expected 0 or 1"),
    ("one-cycle:warmup=5", "schedule 'one-cycle' warms up by itself; leave the warmup out"),
    ("step", "schedule 'step' needs 'every': write step:every=…"),
    (
      "multistep:milestones=50/20",
      "schedule 'multistep': milestones is 20, expected whole numbers of at least 1 in rising order"
    ),
    ("exponential:gamma=0.9,floor=0.1", "schedule 'exponential' takes 'gamma' or 'floor', not both"),
    ("inverse-sqrt", "schedule 'inverse-sqrt' needs 'timescale': write inverse-sqrt:timescale=…"),
    (
      "trapezoid:decay=200",
      "schedule 'trapezoid': decay is 200, expected at most 100, the steps after the warmup"
    ),
  ]

  @Test(arguments: refused)
  func badSchedulesAreRefusedByName(_ specification: String, _ message: String) {
    do throws(ScheduleError) {
      _ = try ScheduleSpecification(parsing: specification).schedule(steps: 100)
      Issue.record("\(specification) was taken")
    } catch { #expect(error.description == message) }
  }

  @Test func badTablesAreRefusedByRow() {
    #expect(throws: ScheduleError.emptyTable) { try Schedule.table(steps: [], values: []) }
    #expect(throws: ScheduleError.unsortedTable(row: 3, step: 2, previous: 2)) {
      try Schedule.table(steps: [1, 2, 2], values: [1, 1, 1])
    }
    #expect(throws: ScheduleError.tableValue(row: 2, value: -1)) {
      try Schedule.table(steps: [1, 2], values: [1, -1])
    }
    #expect(throws: ScheduleError.zeroTable) { try Schedule.table(steps: [1, 2], values: [0, 0]) }
    #expect(throws: ScheduleError.steps(0)) { try ScheduleSpecification("constant").schedule(steps: 0) }
  }

  /// The four conventions agree at the peak and part elsewhere.
  @Test(arguments: DecayConvention.allCases)
  func decayConventions(_ convention: DecayConvention) {
    let (peak, λ) = (0.01, 0.2)
    let own = convention.weightDecay(fromCoupled: λ, peak: peak)
    let plan = RunPlan(
      steps: 100, learningRate: peak, schedule: .linear(span: 100), weightDecay: own, convention: convention)
    let expected: Double =
      switch convention {
      case .coupled, .decoupled: 0.5
      case .corrected: 0.25
      case .fixed: 1
      }
    #expect(abs(plan.step(after: 0).shrink - peak * λ) < 1e-18)
    let half = plan.step(after: 50)
    #expect(abs(half.shrink - expected * peak * λ) < 1e-18)
    #expect(abs(half.learningRate * half.weightDecay - half.shrink) < 1e-18)
  }
}
