extension Schedule {
  /// The peak at every step.
  public static let constant = Schedule("constant") { _ in 1 }
}

extension ScheduleKind {
  static let constant = ScheduleKind("constant", "1") { _ throws(ScheduleError) in .constant }
}
