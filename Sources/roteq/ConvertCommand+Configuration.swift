import Dynamics
import Equilibrium
import Formulas
import Reports
import RunConfigurations

// What `convert` does with the configuration of a run.
extension ConvertCommand {
  /// Moves the run's settings; to its own rotational variant, the whole run of a layer is matched as well.
  func convert(_ path: String, to target: ConversionTarget) throws {
    var run = try configuration.run(
      path, steps: plan.steps, parameters: parameters, values: values,
      held: [
        ("--from", from != nil), ("--hold", hold != nil), ("--nesterov", weight.nesterov),
        ("--scale-sensitive", weight.scaleSensitive), ("--gradient-moments", weight.gradientMoments != nil),
        ("--decay-convention", decayConvention != DecayConvention.coupled.rawValue),
        ("--measured-rotation", measuredRotation != nil), ("--gradient", gradient.gradient != nil),
        ("--gradient-schedule", gradient.gradientSchedule != nil),
      ] + plan.given.filter { $0.0 != "--steps" })
    if let initialization = start.initialization { try run.initialize(initialization) }
    if run.hyperparameters[.weightDecay] == 0 {
      return output.print(try PredictCommand.growth(run, path))
    }
    let shape = try run.layer(named: layer) ?? run.layers.first { $0.initialNorm != nil } ?? run.layers.first
    run.optimizer.addKurtosis(to: &run.hyperparameters)
    let settings: Settings
    do throws(SettingsError) {
      settings = if let shape { try run.settings(for: shape) } else { try run.settings() }
    } catch { throw Failure("\(path): \(error)", .badData) }
    let conversion = try conversion(of: settings, to: target, from: run.decayConvention)
    output.print(
      ConversionReport(conversion, run: try runMatch(conversion, run, shape), layer: shape?.name).output,
      of: run)
  }

  /// What the run of a layer says; nil where it cannot be followed or is not asked for.
  private func runMatch(
    _ conversion: Conversion, _ run: TrainingRun, _ shape: LayerShape?
  ) throws -> RotationMatchReport? {
    guard conversion.isRotational, conversion.source.optimizer == conversion.target.optimizer,
      let shape, shape.initialNorm != nil
    else {
      if schedulePath != nil {
        throw Failure(
          "-o: a schedule needs the optimizer's own rotational variant and a layer with an initial norm (--initialization)",
          .usage)
      }
      return nil
    }
    do {
      return try runMatch(Trajectory(conversion.source, run.plan(for: shape)))
    } catch let error as TrajectoryError {
      throw TrajectoryCommand.failure(error, layer: shape.name)
    } catch let error as ScheduleError {
      throw Failure(error.description, .badData)
    }
  }
}
