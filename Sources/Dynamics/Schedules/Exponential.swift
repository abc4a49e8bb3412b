import RealModule

extension Schedule {
  /// γᵗ.
  ///
  /// - Parameter gamma: factor γ of a step, in (0, 1].
  public static func exponential(gamma: Double) -> Schedule {
    Schedule("exponential") { taken in Double.pow(gamma, max(taken, 0)) }
  }

  /// A geometric fall from 1 to `final`, kept from there on.
  ///
  /// - Parameters:
  ///   - final: factor at the end, in (0, 1].
  ///   - span: steps until the end, at least 1.
  public static func exponential(to final: Double, span: Int) -> Schedule {
    Schedule("exponential") { taken in Double.pow(final, progress(taken, of: span)) }
  }
}

extension ScheduleKind {
  static let exponential = ScheduleKind(
    "exponential", "γᵗ, or floor^x",
    parameters: [
      ScheduleParameter("gamma", "factor of a step; or give floor", .positiveShare),
      ScheduleParameter("floor", "factor at the end", .positiveShare),
    ]
  ) { arguments throws(ScheduleError) in
    guard let final = arguments.optional("floor") else {
      return .exponential(gamma: try arguments.number("gamma"))
    }
    guard arguments.optional("gamma") == nil else {
      throw .conflicting("gamma", "floor", schedule: "exponential")
    }
    return .exponential(to: final, span: arguments.span)
  }
}
