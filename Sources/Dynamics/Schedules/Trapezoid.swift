import RealModule

extension Schedule {
  /// The peak, then a fall over the last part: warmup, stable, decay (WSD).
  ///
  /// - Parameters:
  ///   - decay: steps of the fall, from 1 to `span`.
  ///   - power: the fall is 1 − xᵖ: p = 1 a straight line, ½ the 1 − √x of recent work.
  ///   - floor: factor at the end, in [0, 1].
  ///   - span: steps until the end, at least 1.
  public static func trapezoid(decay: Int, power: Double = 1, to floor: Double = 0, span: Int) -> Schedule {
    Schedule("trapezoid") { taken in
      let x = progress(taken - (span - decay), of: decay)
      return x == 0 ? 1 : floor + (1 - floor) * (1 - Double.pow(x, power))
    }
  }

  /// The peak, then half a cosine over the last part.
  ///
  /// - Parameters:
  ///   - decay: steps of the fall, from 1 to `span`.
  ///   - floor: factor at the end, in [0, 1].
  ///   - span: steps until the end, at least 1.
  public static func cosineTrapezoid(decay: Int, to floor: Double = 0, span: Int) -> Schedule {
    Schedule("trapezoid-cosine") { taken in
      floor + (1 - floor) * halfCosine(progress(taken - (span - decay), of: decay))
    }
  }
}

extension ScheduleKind {
  private static let decay = [
    ScheduleParameter("decay", "steps of the fall", .steps),
    ScheduleParameter("decay-share", "the fall as a share of what follows the warmup (0.2)", .positiveShare),
  ]

  static let trapezoid = ScheduleKind(
    "trapezoid", alias: "wsd", "1, then 1 − x^power over the last steps",
    parameters: decay + [
      ScheduleParameter("power", "shape of the fall: 1 straight, 0.5 is 1 − √x", .positive, default: 1),
      .floor,
    ]
  ) { arguments throws(ScheduleError) in
    .trapezoid(
      decay: try fall(arguments), power: try arguments.number("power"), to: try arguments.number("floor"),
      span: arguments.span)
  }

  static let cosineTrapezoid = ScheduleKind(
    "trapezoid-cosine", alias: "wsd-cosine", "1, then ½(1 + cos πx) over the last steps",
    parameters: decay + [.floor]
  ) { arguments throws(ScheduleError) in
    .cosineTrapezoid(
      decay: try fall(arguments), to: try arguments.number("floor"), span: arguments.span)
  }

  /// Steps of the fall.
  private static func fall(_ arguments: ScheduleArguments) throws(ScheduleError) -> Int {
    let schedule = arguments.kind.name
    let given = arguments.optional("decay")
    guard given == nil || arguments.optional("decay-share") == nil else {
      throw .conflicting("decay", "decay-share", schedule: schedule)
    }
    let share = Double(arguments.span) * (arguments.optional("decay-share") ?? 0.2)
    let decay = given ?? max(1, share.rounded())
    guard decay <= Double(arguments.span) else {
      throw .outOfRange(
        parameter: "decay", value: decay, schedule: schedule,
        expected: "at most \(arguments.span), the steps after the warmup")
    }
    return Int(decay)
  }
}
