import Foundation
import Reports
import Safetensors
import Testing

/// The optimizers run themselves: `simulate`, `crosscheck` and the short cross-check of `report`.
@Suite struct SimulateCommandTests {
  /// A walk of a fraction of a second. The plain instructions are those that every machine has.
  static let small =
    "roteq simulate --optimizer adamw --lr 1e-2 --weight-decay 0.5 --dimension 16 --neurons 16 --batch 8 --steps 600 --seeds 2 --instructions plain"

  private func object(_ line: String) throws -> [String: Any] {
    let run = try Roteq(line: line)
    #expect(run.exitCode == 0 && run.errors.isEmpty, "\(run.errors)")
    return try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
  }

  private func folder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  @Test func jsonHasWhatWasMeasuredAndPredicted() throws {
    let json = try object(Self.small + " --format json")
    let measured = try #require(json["measured"] as? [String: [String: Any]])
    for quantity in ["equilibrium_norm", "rms_update_size", "expected_rotation"] {
      let own = try #require(measured[quantity])
      #expect((own["mean"] as? Double ?? 0) > 0)
      #expect((own["standard_error"] as? Double ?? -1) >= 0)
    }
    let predicted = try #require(json["predicted"] as? [String: [String: Any]])
    #expect(Set(predicted.keys) == ["leading", "geometric", "moments", "refined"])
    // √(ηC/2λ), and η√(C(1 − β₁)/(1 + β₁)).
    let leading = try #require(predicted["leading"])
    #expect(abs((leading["equilibrium_norm"] as? Double ?? 0) - (1e-2 * 16 / 1.0).squareRoot()) < 1e-12)
    #expect(abs((leading["rms_update_size"] as? Double ?? 0) - 1e-2 * (16 * 0.1 / 1.9).squareRoot()) < 1e-12)
    let deviation = try #require(
      (json["deviation"] as? [String: [String: [String: Any]]])?["moments"]?["equilibrium_norm"])
    #expect(Set(deviation.keys) == ["relative", "standard_error", "in_standard_errors"])
    #expect((json["neurons"] as? [Any])?.count == 4)
    let trajectory = try #require(json["trajectory"] as? [String: Any])
    #expect((trajectory["step"] as? [Any])?.count == 150)
  }

  @Test(arguments: ["sgdm --momentum 0.9", "adam-l2", "lion", "rv-sgdm --momentum 0.9", "rv-lion"])
  func everyOptimizerRuns(_ optimizer: String) throws {
    let line = Self.small.replacing("adamw", with: optimizer)
    let run = try Roteq(line: line + " --format csv")
    #expect(run.exitCode == 0 && run.errors.isEmpty, "\(run.errors)")
    let lines = run.output.split(separator: "\n")
    #expect(
      lines[0]
        == "quantity,measured,standard_error,prediction,predicted,deviation_percent,deviation_in_standard_errors"
    )
    #expect(lines.count > 3)
  }

  @Test func theRotationalFlagIsTheName() throws {
    let flag = try Roteq(line: Self.small + " --rotational --format csv")
    let name = try Roteq(line: Self.small.replacing("adamw", with: "rv-adamw") + " --format csv")
    #expect(flag.output == name.output)
    #expect(flag.output.contains(",request,"))
  }

  @Test func jobsDoNotChangeTheResult() throws {
    let one = try Roteq(line: Self.small + " --format json --jobs 1")
    let four = try Roteq(line: Self.small + " --format json --jobs 4")
    #expect(one.output == four.output)
    let other = try Roteq(line: Self.small + " --format json --seed 7")
    #expect(one.output != other.output)
  }

  @Test func curvesAreWrittenInEveryFormat() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    for ending in ["csv", "json", "safetensors", "svg", "tex"] {
      let path = folder.appending(path: "run.\(ending)").path
      let run = try Roteq(line: Self.small + " -o \(path)")
      #expect(run.exitCode == 0, "\(run.errors)")
      #expect(FileManager.default.fileExists(atPath: path))
    }
    let table = try String(contentsOf: folder.appending(path: "run.csv"), encoding: .utf8)
    let lines = table.split(separator: "\n")
    #expect(
      lines[0].hasPrefix("seed,step,neuron,norm,rotation,mean_rotation,relative_update,rms_update_size,"))
    #expect(lines.count == 1 + 2 * 150 * 5, "two seeds, 150 windows, the layer and four neurons")
    let file = try TensorFile([UInt8](Data(contentsOf: folder.appending(path: "run.safetensors"))))
    #expect(file.tensors["seed.1/layer"]?.shape == [150, 11])
    #expect(file.tensors["seed.2/coordinate_powers"]?.shape == [16, 16])
    #expect(file.metadata["quantities"]?.hasPrefix("norm,rotation,") == true)
    // E‖g̃‖² is the sum of its coordinates, which every tenth step was taken for.
    let powers = try #require(file.tensors["seed.1/coordinate_powers"]).values
    #expect(powers.allSatisfy { $0 > 0 })
  }

  @Test func aSavedRunGoesOnAsIfItHadNotStopped() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let one = Self.small.replacing("--seeds 2", with: "--seeds 1").replacing(
      "--steps 600", with: "--steps 400")
    let (state, half, whole) = (
      folder.appending(path: "state.safetensors").path, folder.appending(path: "half.csv").path,
      folder.appending(path: "whole.csv").path
    )
    let longer = one.replacing("--steps 400", with: "--steps 800") + " --window 10 --settled-from 100"
    #expect(try Roteq(line: one + " --window 10 --settled-from 100 --save \(state)").exitCode == 0)
    #expect(try Roteq(line: longer + " --resume \(state) -o \(half)").exitCode == 0)
    #expect(try Roteq(line: longer + " -o \(whole)").exitCode == 0)
    let resumed = try String(contentsOfFile: half, encoding: .utf8).split(separator: "\n")
    let unbroken = try String(contentsOfFile: whole, encoding: .utf8).split(separator: "\n")
    #expect(resumed.dropFirst().elementsEqual(unbroken.suffix(resumed.count - 1)))
    #expect(resumed.count == 1 + 40 * 5)
    let other = try Roteq(
      line: longer.replacing("--neurons 16", with: "--neurons 8") + " --resume \(state)")
    #expect(other.exitCode == 65)
    #expect(
      other.errors.hasPrefix(
        "roteq: the saved state is not of this run: its system.neurons is 16, here it is 8"))
  }

  /// A gradient that drives the weight outwards makes it grow until it overflows.
  @Test func aRunThatBreaksNamesStepNeuronAndSettings() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "broken.csv").path
    let run = try Roteq(
      line:
        "roteq simulate --optimizer sgdm --lr 0.5 --weight-decay 0.1 --momentum 0.9 --normalisation none --radial-decay -1 --dimension 16 --neurons 4 --batch 8 --steps 600 --seeds 1 --window 1 --instructions plain -o \(path)"
    )
    #expect(run.exitCode == 65)
    #expect(
      run.errors.wholeMatch(
        of:
          /roteq: .* of neuron \d+ is not finite at step \d+, with SGDM at η = 0\.5, λ = 0\.1, α = 0\.9, d = 0\.0; what was measured before is kept\n/
      ) != nil, "\(run.errors)")
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    #expect(lines.count > 5)
  }

  /// Ctrl-C in the middle: the windows so far are written, and the shell is told.
  @Test func ctrlCKeepsWhatWasMeasured() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "run.csv").path
    let run = try Roteq(
      line: Self.small.replacing("--steps 600", with: "--steps 1000000000") + " --window 5000 -o \(path)",
      interruptedAfter: 3)
    #expect(run.exitCode == 130)
    #expect(run.errors == "roteq: interrupted; what was measured before is kept\n")
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    #expect(lines.count > 5)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["run.csv"])
  }

  @Test(arguments: [
    (
      " --gradient-norm 1",
      "--gradient-norm does not apply: the gradient is measured; --loss-scale changes it"
    ),
    (
      " --initial-norm 1",
      "--initial-norm does not apply: the weights start from PyTorch's default initialisation; --initial-scale changes it"
    ),
    (
      " --radial-decay 0.1",
      "--radial-decay needs --normalisation none: a scale-invariant weight has no radial gradient"
    ),
    (" --rv-beta 0.9", "--rv-beta needs a rotational variant: --optimizer rv-adamw"),
    (" --normalisation bach", "unknown normalisation 'bach'; did you mean 'batch'?"),
    (" --batch 1", "batch 1 leaves nothing to normalise, expected at least 2 (or no normalisation)"),
    (" --neurons 0", "--neurons: 0 is not allowed, expected a whole number from 1 to 1000000000"),
    (" --dimension 1.5", "--dimension: 1.5 is not allowed, expected a whole number up to 1e9"),
    (" --loss-scale nan", "--loss-scale: nan is not allowed, expected a finite number above 0"),
    (" --seeds 0", "--seeds: 0 is not allowed, expected a whole number from 1 to 1000000000"),
    (" --instructions neon", "unknown instructions 'neon'; known: plain, avx2, avx512"),
    (
      " --settled-from 600",
      "equilibrium would be measured from step 600 on, but the run has 600 steps; expected fewer"
    ),
    (" --save s.safetensors", "--save and --resume go with --seeds 1: a state is that of one run"),
    (
      " -o run.txt",
      "run.txt: cannot tell the format from the name, expected one that ends in .csv, .json, .safetensors, .svg, .pdf, .png, .tex, .gp, .gnuplot"
    ),
  ])
  func badInputGivesOneLine(_ flags: String, _ message: String) throws {
    // A flag that is given twice has its last value.
    let run = try Roteq(line: Self.small + flags)
    #expect(run.exitCode == 64)
    #expect(run.errors == "roteq: \(message)\n")
    #expect(run.output.isEmpty)
  }

  @Test func absurdSizesAreRefusedBeforeMemoryIsTaken() throws {
    let run = try Roteq(
      line:
        "roteq simulate --optimizer adamw --lr 1e-2 --weight-decay 0.5 --dimension 1000000000 --neurons 1000000000 --steps 10"
    )
    #expect(run.exitCode == 64)
    #expect(
      run.errors.hasPrefix(
        "roteq: 1000000000 neurons × dimension 1000000000 with a batch of 32 need more than "))
  }

  @Test func aFileThatCannotBeWrittenIsFoundBeforeTheRun() throws {
    for flag in ["-o /nonexistent/run.csv", "--seeds 1 --save /nonexistent/s.safetensors"] {
      let run = try Roteq(line: Self.small + " " + flag)
      #expect(run.exitCode == 73)
      #expect(run.errors == "roteq: \(flag.split(separator: " ").last ?? ""): cannot be written\n")
      #expect(run.output.isEmpty)
    }
  }

  /// Tails too heavy for the refined prediction leave it out, and nothing else.
  @Test func smallBatchesAreReported() throws {
    let run = try Roteq(line: Self.small.replacing("--batch 8", with: "--batch 3") + " --format csv")
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(run.output.contains(",moments,") && !run.output.contains(",refined,"))
  }

  @Test func aGradientThatUnderflowsIsNamed() throws {
    let run = try Roteq(
      line: Self.small.replacing("adamw", with: "sgdm --momentum 0.9") + " --loss-scale 1e-30")
    #expect(run.exitCode == 65)
    #expect(
      run.errors
        == "roteq: the gradient is zero in single precision; choose a larger loss scale, or double precision\n"
    )
  }

  @Test func aFinishedStateLeavesNothing() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let state = folder.appending(path: "state.safetensors").path
    let one = Self.small.replacing("--seeds 2", with: "--seeds 1")
    #expect(try Roteq(line: one + " --save \(state)").exitCode == 0)
    let run = try Roteq(line: one + " --resume \(state)")
    #expect(run.exitCode == 64)
    #expect(
      run.errors
        == "roteq: the saved state is at step 600, and a run of 600 steps leaves nothing to do; expected more steps\n"
    )
  }

  @Test func aMissingStateIsNamed() throws {
    let run = try Roteq(
      line: Self.small.replacing("--seeds 2", with: "--seeds 1") + " --resume none.safetensors")
    #expect(run.exitCode == 66)
    #expect(run.errors == "roteq: none.safetensors: no such file\n")
  }

  // MARK: crosscheck and report

  @Test func theCrossCheckWritesItsFolder() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    // Far too short to settle: only the prediction in time can agree.
    let run = try Roteq(
      line:
        "roteq crosscheck --only adamw,lion-99,rv-adamw --steps 300 --seeds 2 --instructions plain -o \(folder.path)"
    )
    #expect(run.exitCode == 0, "\(run.errors)")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    #expect(
      files == [
        "adamw.svg", "crosscheck.html", "crosscheck.json", "crosscheck.md", "crosscheck.tex", "lion-99.svg",
        "rv-adamw.svg",
      ])
    let page = try String(contentsOf: folder.appending(path: "crosscheck.md"), encoding: .utf8)
    #expect(page.contains("![Lion, β₂ = 0.99: four neurons"))
    // These formats hold the figures themselves.
    for (name, figure) in [("crosscheck.html", "<svg"), ("crosscheck.tex", "\\begin{tikzpicture}")] {
      let page = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
      #expect(page.split(separator: figure).count == 4, "\(name)")
    }
    #expect(page.contains("still moving"))
    #expect(page.contains("Not judged in equilibrium, because the norm still moves: AdamW"))
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: folder.appending(path: "crosscheck.json")))
        as? [String: Any])
    #expect(json["agrees"] as? Bool == true)
    #expect(
      (json["cases"] as? [[String: Any]])?.map { $0["name"] as? String } == ["adamw", "lion-99", "rv-adamw"])
  }

  @Test func aWalkThatDisagreesFails() throws {
    // ν remembers that the momentum had to grow first.
    let run = try Roteq(line: "roteq crosscheck --only rv-sgdm --steps 300 --seeds 2 --instructions plain")
    #expect(run.exitCode == 65)
    #expect(run.errors == "roteq: the best predictions do not all agree with the walks; see Findings\n")
    #expect(run.output.contains("Beyond three standard errors and the stated error of the model: RV-SGDM"))
  }

  @Test func anUnknownWalkIsRefused() throws {
    let run = try Roteq(line: "roteq crosscheck --only sgd")
    #expect(run.exitCode == 64)
    #expect(run.errors == "roteq: unknown walk 'sgd'; did you mean 'sgdm'?\n")
  }

  @Test func theReportHasAShortCrossCheck() throws {
    let run = try Roteq(line: "roteq report examples/gpt2-openwebtext.py --format markdown --cross-check")
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(run.output.contains("## Cross-check by a random walk"))
    #expect(run.output.contains("3 seeds"))
  }
}
