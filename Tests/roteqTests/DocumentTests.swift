import Foundation
import Testing

/// Whole outputs, compared with stored files. After an intended change, `ROTEQ_RECORD=1 swift test` rewrites them.
@Suite struct DocumentTests {
  struct Case: CustomTestStringConvertible {
    let file: String
    let line: String
    var testDescription: String { line }
  }

  static let predict =
    "roteq predict --optimizer adamw --lr 6e-4 --weight-decay 0.1 --beta2 0.95 --dimension 768 --initial-norm 0.55"

  @Test(arguments: [
    Case(file: "predict.txt", line: predict),
    Case(file: "predict.md", line: predict + " --explain --format markdown"),
    Case(file: "predict.tex", line: predict + " --explain --format latex"),
    Case(file: "predict.html", line: predict + " --format html --fragment"),
    Case(file: "predict.csv", line: predict + " --format csv"),
    Case(file: "predict.json", line: predict + " --explain --format json"),
    Case(
      file: "predict-missing.txt",
      line: "roteq predict --optimizer sgdm --lr 0.5 --weight-decay 1e-4 --momentum 0.9 --dimension 144"),
    Case(
      file: "predict-adam-l2.txt",
      line:
        "roteq predict --optimizer adam-l2 --lr 2e-3 --weight-decay 1e-3 --dimension 128 --gradient-mass 0.1 --explain"
    ),
    Case(file: "convert-lion.txt", line: "roteq convert --from adamw --lr 1e-3 --weight-decay 0.1 --to lion"),
    Case(
      file: "convert-rv.json",
      line: "roteq convert --from adamw --lr 6e-4 --weight-decay 0.1 --beta2 0.95 --to rv-adamw --format json"
    ),
    Case(
      file: "solve.txt",
      line: "roteq solve --for weight-decay --expected-rotation 0.0025 --optimizer adamw --lr 6e-4"),
    Case(
      file: "scale-batch.txt",
      line:
        "roteq scale --optimizer adamw --lr 6e-4 --weight-decay 0.1 --dimension 768 --batch-size 256 --to-batch-size 2048"
    ),
    Case(
      file: "scale-batch.md",
      line:
        "roteq scale --optimizer sgdm --lr 0.5 --weight-decay 1e-4 --momentum 0.9 --batch-size 128 --to-batch-size 2048 --dataset-size 50000 --format markdown"
    ),
    Case(
      file: "scale-batch.csv",
      line:
        "roteq scale --optimizer adam-l2 --lr 8e-4 --weight-decay 1e-4 --batch-size 256 --to-batch-size 1024 --noise-share 0.8 --format csv"
    ),
    Case(
      file: "scale-momentum.json",
      line:
        "roteq scale --optimizer sgdm --lr 0.1 --weight-decay 5e-4 --momentum 0.9 --to-momentum 0.95 --format json"
    ),
    Case(
      file: "scale-width.tex",
      line:
        "roteq scale --optimizer adamw --lr 6e-4 --weight-decay 0.1 --dimension 768 --to-dimension 3072 --format latex"
    ),
    Case(file: "table1.tex", line: "roteq table 1 --format latex --fragment"),
    Case(file: "table6.md", line: "roteq table 6 --format markdown"),
    Case(file: "table4.txt", line: "roteq table 4"),
    Case(file: "table4.csv", line: "roteq table 4 --format csv"),
    Case(file: "table4-matched.md", line: "roteq table 4 --matched --format markdown"),
    Case(file: "trajectory.txt", line: TrajectoryCommandTests.run + " --steps-per-epoch 400"),
    Case(
      file: "trajectory-layers.md", line: "roteq trajectory examples/gpt2-openwebtext.py --format markdown"),
    Case(
      file: "trajectory-sgdm.txt",
      line:
        "roteq trajectory --optimizer sgdm --lr 0.5 --weight-decay 1e-4 --momentum 0.9 --dimension 144 --initialization kaiming --unit-gradient-norm 0.1 --steps 7800 --schedule step:every=3000"
    ),
    Case(
      file: "convert-run.md",
      line:
        "roteq convert --from adamw --lr 5e-4 --weight-decay 1e-4 --beta2 0.98 --to rv-adamw --schedule cosine --warmup 4000 --steps 22021 --dimension 512 --initial-norm 1 --format markdown"
    ),
    Case(
      file: "convert-hold-decay.txt",
      line:
        "roteq convert --from rv-adamw --lr 5e-3 --weight-decay 0.1 --to adamw --hold decay --schedule cosine --warmup 100 --steps 1000 --dimension 768 --initialization kaiming"
    ),
    Case(
      file: "convert-hold-norm.txt",
      line:
        "roteq convert --from rv-adamw --lr 5e-3 --weight-decay 0.1 --to adamw --hold initial-norm --over-rotation 1.1 --schedule cosine --warmup 100 --steps 1000 --dimension 768 --initialization kaiming"
    ),
    Case(
      file: "sweep-trajectory.md",
      line:
        "roteq sweep --optimizer adamw --lr 1e-3:1e-2:log:2 --weight-decay 0.1:1:log:2 --over trajectory --schedule cosine --warmup 100 --steps 1000 --dimension 768 --initialization default --format markdown"
    ),
    Case(file: "replay.txt", line: ReplayCommandTests.againstPyTorch),
    Case(file: "replay.md", line: ReplayCommandTests.againstPyTorch + " --format markdown"),
    Case(file: "replay.tex", line: ReplayCommandTests.againstPyTorch + " --format latex --fragment"),
    Case(file: "simulate.txt", line: SimulateCommandTests.small),
    Case(
      file: "simulate-rv.md",
      line: SimulateCommandTests.small.replacing("adamw", with: "rv-adamw") + " --seeds 1 --format markdown"),
    Case(file: "simulate.tex", line: SimulateCommandTests.small + " --format latex --fragment"),
    Case(
      file: "crosscheck.md",
      line:
        "roteq crosscheck --only adamw,rv-adamw --steps 300 --seeds 2 --instructions plain --format markdown"),
    Case(file: "formulas.py", line: "roteq formula --as sympy"),
    Case(file: "formulas.txt", line: "roteq formula --as text"),
    Case(file: "formulas.tex", line: "roteq formula --as latex"),
    Case(file: "derive-adamw.md", line: "roteq derive adamw --format markdown"),
    Case(file: "derive-lion.txt", line: "roteq derive lion"),
    Case(file: "report-gpt2.txt", line: "roteq report examples/gpt2-openwebtext.py"),
    Case(file: "report-gpt2.csv", line: "roteq report examples/gpt2-openwebtext.py --format csv"),
    Case(
      file: "report-checkpoint.md",
      line:
        "roteq report examples/transformer.yaml --checkpoint examples/transformer-step-1600.safetensors --previous examples/transformer-step-1595.safetensors --format markdown"
    ),
    Case(file: "config-megatron.yaml", line: "roteq config examples/gpt-345m-megatron.sh"),
    Case(file: "report-gpt2.md", line: "roteq report examples/gpt2-openwebtext.py --format markdown"),
    Case(file: "report-gpt2.tex", line: "roteq report examples/gpt2-openwebtext.py --format latex"),
    Case(file: "report-gpt2.html", line: "roteq report examples/gpt2-openwebtext.py --format html"),
    Case(file: "report-gpt2.json", line: "roteq report examples/gpt2-openwebtext.py --format json"),
    Case(
      file: "report-resnet20.txt",
      line: "roteq report examples/resnet20-cifar10.yaml --unit-gradient-norm 0.1"),
    Case(
      file: "sweep.csv",
      line:
        "roteq sweep --optimizer adamw --lr 1e-4:1e-2:log:3 --weight-decay 0.01:1:log:3 --dimension 768 --format csv"
    ),
    Case(
      file: "sweep-contour.md",
      line:
        "roteq sweep --optimizer adamw --lr 1e-4:1e-2:log:3 --contour 0.001,0.003 --dimension 768 --format markdown"
    ),
  ])
  func document(_ test: Case) throws {
    let run = try Roteq(line: test.line)
    try #require(run.exitCode == 0, "\(run.errors)")
    let file = Roteq.root.appending(path: "Tests/roteqTests/Expected/\(test.file)")
    if ProcessInfo.processInfo.environment["ROTEQ_RECORD"] != nil {
      try run.output.write(to: file, atomically: true, encoding: .utf8)
    }
    let expected = try String(contentsOf: file, encoding: .utf8)
    #expect(run.output == expected)
  }

  @Test(arguments: [
    "predict", "convert", "solve", "formula", "table", "sweep", "derive", "report", "scale", "trajectory",
    "replay",
  ])
  func helpOpensWithExamples(_ command: String) throws {
    let help = try Roteq([command, "--help"])
    #expect(help.exitCode == 0)
    let lines = help.output.split(separator: "\n").prefix(4)
    #expect(lines.contains { $0.contains("EXAMPLES") }, "\(help.output)")
  }

  @Test func everyReadmeCommandRuns() throws {
    let readme = try String(contentsOf: Roteq.root.appending(path: "README.md"), encoding: .utf8)
    let lines = readme.split(separator: "\n").filter {
      $0.hasPrefix("roteq ") && !$0.contains(" | ") && !$0.contains(">")
    }
    #expect(lines.count >= 5)
    let directory = FileManager.default.temporaryDirectory.appending(
      path: "roteq-readme-\(UUID().uuidString)"
    ).path
    for line in lines {
      let command = line.replacing(" -o report", with: " -o \(directory)")
      let run = try Roteq(line: String(command))
      #expect(run.exitCode == 0, "\(command): \(run.errors)")
    }
  }
}
