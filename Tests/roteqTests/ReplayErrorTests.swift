import Foundation
import Safetensors
import Testing

/// What `roteq replay` refuses, each in one line.
@Suite struct ReplayErrorTests {
  private static let examples = ReplayCommandTests.examples
  private static let adamW = ReplayCommandTests.adamW
  private static let rotational = ReplayCommandTests.rotational + " -o none/out.safetensors"

  @Test(arguments: [
    ErrorTests.Case(line: adamW, code: 64, message: "missing -o or --expected: the result would be lost"),
    ErrorTests.Case(
      line: adamW + " -o out.txt", code: 64,
      message: "-o: 'out.txt' is not allowed, expected a name that ends in .safetensors"),
    ErrorTests.Case(
      line: adamW + " --steps 7 --expected examples/replay-adamw.safetensors", code: 64,
      message:
        "examples/replay-adamw.safetensors: nothing to compare after step 7: no tensor '0.bias/after.7', and '0.bias' is after step 20"
    ),
    ErrorTests.Case(
      line: "roteq replay --optimizer rv-adamv --lr 1 \(examples) -o out.safetensors", code: 64,
      message: "unknown optimizer 'rv-adamv'; did you mean 'rv-adamw'?"),
    ErrorTests.Case(
      line: adamW + " -o out.safetensors --rotation 1", code: 64,
      message: "--rotation needs a rotational variant: --optimizer rv-adamw"),
    ErrorTests.Case(
      line: rotational + " --rv-granularity row", code: 64,
      message: "unknown granularity 'row'; known: neuron, layer"),
    ErrorTests.Case(
      line: rotational + " --rv-beta 1", code: 64,
      message: "--rv-beta: 1.0 is not allowed, expected a number of at least 0 and below 1"),
    ErrorTests.Case(
      line: rotational + " --imbalance faster=0.5,slower", code: 64,
      message: "--imbalance: 'slower' is not a setting, expected faster=SHARE,slower=SHARE,factor=NUMBER"),
    ErrorTests.Case(
      line: rotational + " --imbalance faster=0.5,fast=3", code: 64,
      message: "--imbalance: unknown setting 'fast'; did you mean 'faster'?"),
    ErrorTests.Case(
      line: rotational + " --imbalance faster=0.5", code: 64,
      message: "--imbalance: no factor, expected faster=SHARE,slower=SHARE,factor=NUMBER"),
    ErrorTests.Case(
      line: rotational + " --imbalance factor=0.5", code: 64,
      message: "--imbalance: factor: 0.5 is not allowed, expected a finite number of at least 1"),
    ErrorTests.Case(
      line: rotational + " --imbalance faster=0.75,slower=0.5,factor=2", code: 64,
      message: "--imbalance: faster and slower are 1.25, expected at most 1"),
    ErrorTests.Case(
      line: rotational + " --imbalance factor=2 --rv-granularity layer", code: 64,
      message: "--imbalance does not go with --rv-granularity layer: a layer turns as a whole"),
    ErrorTests.Case(
      line: rotational + " --rotation -1", code: 64,
      message: "--rotation: -1.0 is not allowed, expected a finite number of at least 0"),
    ErrorTests.Case(
      line: rotational + " --rotation examples/fashion-mnist-gradients.csv", code: 65,
      message: "examples/fashion-mnist-gradients.csv: no column 'rotation'; it has layer, step, gradient_norm"
    ),
    ErrorTests.Case(
      line: rotational + " --steps 21", code: 64,
      message:
        "--steps: 21 is not allowed, expected at most 20, the steps in examples/replay-gradients.safetensors"),
    ErrorTests.Case(
      line: rotational + " --decay-convention fixed --schedule linear:warmup=3", code: 64,
      message: "missing --rotation: Table 1 has none at step 1, with learning rate 0.0 and weight decay inf"),
    ErrorTests.Case(line: rotational, code: 73, message: "none/out.safetensors: cannot be written"),
    ErrorTests.Case(
      line: "roteq replay --optimizer rv-adam-l2 --lr 1e-2 --weight-decay 0.1 \(examples) -o out.safetensors",
      code: 64,
      message:
        "missing --gradient-mass, --dimension or --rotation: the rotation of Table 1 needs the gradient mass ⟨1,√E[g̃²]⟩, dimension (fan-in) C"
    ),
    ErrorTests.Case(
      line: "roteq replay --optimizer rv-adamw --lr 1e-2 --weight-decay 0 \(examples) -o out.safetensors",
      code: 64,
      message: "missing --rotation: without weight decay there is no equilibrium to take it from"),
    ErrorTests.Case(
      line:
        "roteq replay --optimizer lion --epsilon 1 --lr 1 --weight-decay 0.1 \(examples) -o out.safetensors",
      code: 64,
      message:
        "Lion has no epsilon ε; it has learning rate η, weight decay λ, first moment coefficient β₁, second moment coefficient β₂"
    ),
    ErrorTests.Case(
      line: adamW + " --tolerance 1 -o out.safetensors", code: 64, message: "--tolerance needs --expected"),
    ErrorTests.Case(
      line: adamW + " --precision half -o out.safetensors", code: 64,
      message: "unknown precision 'half'; known: single, double"),
    ErrorTests.Case(
      line: adamW + " --steps-per-epoch 3 -o out.safetensors", code: 64,
      message: "--steps-per-epoch does not apply to recorded steps"),
    ErrorTests.Case(
      line:
        "roteq replay --optimizer adamw --lr 1e-2 --weight-decay 0 --decay-schedule linear \(examples) -o x.safetensors",
      code: 64, message: "--decay-schedule does not go with --weight-decay 0"),
    ErrorTests.Case(line: adamW + " --expected none", code: 66, message: "none: no such file"),
    ErrorTests.Case(
      line: adamW + " --expected LICENSE", code: 65,
      message: "LICENSE: not a safetensors file, expected 8 bytes with the length of the header and then '{'"),
    ErrorTests.Case(
      line: adamW + " --every 10 --expected examples/replay-weights.safetensors", code: 65,
      message:
        "examples/replay-weights.safetensors: no tensor '0.bias/after.10'; the file has 0.bias, 0.weight, 2.bias, 2.weight"
    ),
    ErrorTests.Case(
      line:
        "roteq replay --optimizer adamw --lr 1e-2 --weight-decay 0.1 --weights examples/replay-weights.safetensors --gradients examples/replay-weights.safetensors -o x.safetensors",
      code: 65,
      message:
        "examples/replay-weights.safetensors: tensor '0.bias' is no gradient, expected NAME/step.0, NAME/step.1, … of a tensor of examples/replay-weights.safetensors"
    ),
  ])
  func flagsAndExamples(_ test: ErrorTests.Case) throws {
    let run = try Roteq(line: test.line)
    #expect(run.errors == "roteq: \(test.message)\n")
    #expect(run.exitCode == test.code)
    #expect(run.output.isEmpty || test.code == 65)
  }

  /// Flags that a replay has no use for, with what the message says after "replay: ".
  @Test(arguments: [
    ("--dimension 8", "each recorded weight has its own"),
    ("--initial-norm 1", "it begins with the recorded weights"),
    ("--gradient-norm 1", "it takes the gradients as recorded"),
    ("--unit-gradient-norm 1", "it takes the gradients as recorded"),
    ("--gradient-mass 1", "it takes the gradients as recorded"),
    ("--active-fraction 0.5", "it takes the gradients as recorded"),
    ("--gradient-kurtosis 1", "it takes the gradients as recorded"),
    ("--gradient-moments none", "it takes the gradients as recorded"),
    ("--scale-sensitive", "it takes the gradients as recorded"),
    ("--radial-decay 0.1", "it corrects the prediction of an equilibrium, and a replay predicts none"),
    ("--decay-error-factor 2", "it corrects the prediction of an equilibrium, and a replay predicts none"),
    (
      "--dimension-error-factor 2", "it corrects the prediction of an equilibrium, and a replay predicts none"
    ),
  ])
  func idleFlagsAreRefused(_ flag: String, _ reason: String) throws {
    let name = flag.split(separator: " ")[0]
    for optimizer in ["sgdm --momentum 0.9", "adam-l2", "rv-adamw", "rv-lion"] {
      let run = try Roteq(
        line:
          "roteq replay --optimizer \(optimizer) --lr 1e-2 --weight-decay 0.1 \(Self.examples) -o none/out.safetensors \(flag)"
      )
      #expect(run.errors == "roteq: \(name) does not apply to a replay: \(reason)\n")
      #expect(run.exitCode == 64)
    }
  }

  /// Table 1 needs the gradient for RV-Adam+ℓ2, unless --rotation stands in for it.
  @Test func flagsOfTheGradientServeRotationalAdamL2() throws {
    let folder = try Folder()
    let line =
      "roteq replay --optimizer rv-adam-l2 --lr 1e-2 --weight-decay 0.1 \(Self.examples) -o \(try folder.path("out.safetensors"))"
    for flags in [
      "--gradient-mass 0.1 --dimension 8", "--unit-gradient-norm 0.1 --dimension 8",
      "--unit-gradient-norm 0.1 --dimension 8 --active-fraction 0.5",
    ] {
      let run = try Roteq(line: "\(line) \(flags)")
      #expect(run.exitCode == 0, "\(run.errors)")
    }
    let run = try Roteq(line: line + " --rotation 0.01 --gradient-mass 0.1")
    #expect(
      run.errors
        == "roteq: --gradient-mass does not go with --rotation 0.01, which gives the rotation itself\n")
    #expect(run.exitCode == 64)
    #expect(try Roteq(line: line + " --gradient-mass 0.1 --dimension 8 --scale-sensitive").exitCode == 64)
  }

  /// No input is overwritten, however its path is spelled.
  @Test(arguments: ["weights", "gradients", "expected"])
  func inputsAreKept(_ input: String) throws {
    let folder = try Folder()
    for name in ["weights", "gradients", "expected"] {
      let source = name == "expected" ? "replay-adamw" : "replay-\(name)"
      _ = try folder.file(
        "\(name).safetensors", ReplayCommandTests.tensors("examples/\(source).safetensors"))
    }
    let path = try folder.path("\(input).safetensors")
    let before = try Data(contentsOf: URL(filePath: path))
    let link = try folder.path("link.safetensors")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    let flags = try ["weights", "gradients", "expected"].map {
      "--\($0) \(try folder.path("\($0).safetensors"))"
    }
    let spelled = path.replacing("/\(input).safetensors", with: "/./\(input).safetensors")
    try #require(spelled != path)
    for output in [path, spelled, link] {
      let run = try Roteq(
        line:
          "roteq replay --optimizer adamw --lr 1e-2 --weight-decay 0.1 \(flags.joined(separator: " ")) --tolerance 1 -o \(output)"
      )
      #expect(
        run.errors == "roteq: -o: '\(output)' is the file of --\(input), which would be overwritten\n")
      #expect(run.exitCode == 64)
    }
    #expect(try Data(contentsOf: URL(filePath: path)) == before)
  }

  private static func matrix(_ a: Double, _ b: Double, _ c: Double, _ d: Double) -> Tensor {
    Tensor([a, b, c, d], shape: [2, 2])
  }

  /// Recorded tensors that do not fit, with what the message says of them.
  struct Recorded: CustomTestStringConvertible {
    var optimizer = "adamw"
    var weights: [String: Tensor] = ["w": matrix(1, 2, 3, 5)]
    var gradients: [String: Tensor] = ["step.0": matrix(1, 2, 3, 4)]
    let message: String
    var testDescription: String { message }
  }

  @Test(arguments: [
    Recorded(weights: [:], message: "W: no tensors, expected weights"),
    Recorded(gradients: [:], message: "G: no tensors, expected step.0, step.1, …"),
    Recorded(
      gradients: ["step.0": Tensor([1.0, 2])],
      message: "G: tensor 'step.0' has the shape [2], expected [2, 2]"),
    Recorded(
      gradients: ["step.1": matrix(1, 2, 3, 4)],
      message: "G: no tensor 'step.0', expected one for every tensor of W in each step from 0 to 1"),
    Recorded(
      gradients: ["step.00": matrix(1, 2, 3, 4)],
      message: "G: tensor 'step.00' is no gradient, expected step.0, step.1, … of a tensor of W"),
    Recorded(
      gradients: ["step.0": matrix(1, 2, .nan, 4)],
      message: "G: tensor 'step.0' has nan at [1, 0], expected finite numbers"),
    Recorded(
      weights: ["w": matrix(1, 2, 3, -.infinity)],
      message: "W: tensor 'w' has -inf at [1, 1], expected finite numbers"),
    Recorded(
      weights: ["w": Tensor([1, 2, 3, 4] as [UInt64], shape: [2, 2])],
      message: "W: tensor 'w' is U64, expected F64, F32, BF16, F16"),
    Recorded(
      weights: ["v": Tensor([1.0]), "w": Tensor([1.0])], gradients: ["w/step.0": Tensor([1.0])],
      message: "G: no tensor 'v/step.0', expected one for every tensor of W in each step from 0 to 0"),
    Recorded(
      optimizer: "rv-adamw", weights: ["w": Tensor([1.0])], gradients: ["step.0": Tensor([1.0])],
      message: "W: no tensor has two dimensions or more, so none is rotated; leave rv- out"),
    Recorded(
      optimizer: "rv-adamw", weights: ["w": matrix(1, 2, 3, 3)],
      message:
        "W: tensor 'w', row 1 is 3.0 throughout and cannot turn, expected another direction; --rv-keep-mean keeps its mean"
    ),
    Recorded(
      optimizer: "rv-adamw --rv-keep-mean --rv-granularity layer",
      weights: ["w": matrix(0, 0, 0, 0)],
      message: "W: tensor 'w' is 0.0 throughout and cannot turn, expected another direction"),
    // The gradient of the first neuron is zero, and so is what it is divided by.
    Recorded(
      optimizer: "adamw --epsilon 0", gradients: ["step.0": matrix(0, 0, 3, 4)],
      message: "G: tensor 'w' of neuron 0 is not finite at step 1"),
  ])
  func recordedTensors(_ test: Recorded) throws {
    let folder = try Folder()
    let weights = try folder.file("w.safetensors", TensorFile(tensors: test.weights))
    let gradients = try folder.file("g.safetensors", TensorFile(tensors: test.gradients))
    let run = try Roteq(
      line:
        "roteq replay --optimizer \(test.optimizer) --lr 1e-2 --weight-decay 0.1 --weights \(weights) --gradients \(gradients) -o \(try folder.path("out.safetensors"))"
    )
    let message = run.errors.replacing(weights, with: "W").replacing(gradients, with: "G")
    #expect(message == "roteq: \(test.message)\n")
    #expect(run.exitCode == 65)
    #expect(run.output.isEmpty)
  }
}
