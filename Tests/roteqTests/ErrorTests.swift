import Foundation
import RunConfigurations
import Testing

/// Each kind of bad input gives one line, whole, and the right exit code.
@Suite struct ErrorTests {
  struct Case: CustomTestStringConvertible {
    let line: String
    let code: Int32
    let message: String
    var testDescription: String { line }
  }

  static let adamW = "roteq predict --optimizer adamw --lr 6e-4 --weight-decay 0.1"
  static let scale = "roteq scale --optimizer adamw --lr 6e-4 --weight-decay 0.1"

  @Test(arguments: [
    Case(
      line: "roteq predict --optimizer adamv --lr 1e-3", code: 64,
      message: "unknown optimizer 'adamv'; did you mean 'adamw'?"),
    Case(
      line: "roteq predict --optimizer adamw --lrr 1", code: 64,
      message: "Unknown option '--lrr'. Did you mean '--lr'?"),
    Case(
      line: adamW, code: 64,
      message: "missing --dimension: the equilibrium norm needs the dimension C (fan-in) of the weight"),
    Case(
      line: "roteq predict --optimizer adamw --weight-decay 0.1 --dimension 8", code: 64,
      message: "missing --lr: AdamW needs the learning rate η"),
    Case(
      line: "roteq predict --optimizer sgdm --lr 0.1 --weight-decay 1e-4 --dimension 8", code: 64,
      message: "missing --momentum: SGDM needs the momentum α"),
    Case(
      line: "roteq predict --optimizer adamw --lr -1 --weight-decay 0.1 --dimension 8", code: 64,
      message: "--lr: -1.0 is not allowed, expected a finite number above 0"),
    Case(
      line: "roteq predict --optimizer adamw --lr abc --weight-decay 0.1 --dimension 8", code: 64,
      message: "--lr: 'abc' is not a number, expected a finite number above 0"),
    Case(
      line: "roteq predict --optimizer adamw --lr nan --weight-decay 0.1 --dimension 8", code: 64,
      message: "--lr: nan is not allowed, expected a finite number above 0"),
    Case(
      line: "roteq predict --optimizer adamw --lr inf --weight-decay 0.1 --dimension 8", code: 64,
      message: "--lr: inf is not allowed, expected a finite number above 0"),
    Case(
      line: "roteq convert --from adamw --to rv-adamw --lr 1e-3 --weight-decay 0 --dimension 8", code: 64,
      message:
        "--weight-decay: 0.0 is not allowed, expected a finite number above 0; without weight decay there is no equilibrium"
    ),
    Case(
      line: adamW + " --dimension 8 --beta1 1", code: 64,
      message: "--beta1: 1.0 is not allowed, expected a number of at least 0 and below 1"),
    Case(
      line: adamW + " --dimension 0.5", code: 64,
      message: "--dimension: 0.5 is not allowed, expected a finite number of at least 1"),
    Case(
      line: adamW + " --dimension 8 --unit-gradient-norm 1e200", code: 64,
      message: "--unit-gradient-norm: 1e+200 is not allowed, expected a finite number above 0"),
    Case(
      line: adamW + " --dimension 8 --momentum 0.9", code: 64,
      message:
        "AdamW has no momentum α; it has learning rate η, weight decay λ, first moment coefficient β₁, second moment coefficient β₂, epsilon ε"
    ),
    Case(
      line: "roteq predict --optimizer adamw --lr 10 --weight-decay 0.1 --dimension 8", code: 64,
      message: "learning rate times weight decay, ηλ, is 1.0, expected below 1; lower one of them"),
    Case(
      line: adamW + " --dimension 8 --radial-decay -0.2", code: 64,
      message: "effective weight decay λₑ = λ + λᵤ is -0.1, expected above 0; the norm grows without limit"),
    Case(
      line: "roteq predict --optimizer adam-l2 --lr 1e-3 --weight-decay 0.1 --gradient-moments none.txt",
      code: 66,
      message: "none.txt: no such file"),
    Case(
      line: "roteq predict --optimizer adam-l2 --lr 1e-3 --weight-decay 0.1 --gradient-moments LICENSE",
      code: 65,
      message: "LICENSE:1: 'GNU GENERAL PUBLIC LICENSE' is not a number, expected one number a line"),
    Case(
      line: "roteq predict --optimizer lion --lr 1e-3 --weight-decay 0.1 --dimension 8 --nesterov", code: 64,
      message: "Lion has no Nesterov form; only SGDM has"),
    Case(
      line: "roteq formula --quantity expected-rotatoin", code: 64,
      message:
        "unknown quantity 'expected-rotatoin'; did you mean 'expected-rotation'?"
    ),
    Case(
      line: "roteq convert --from adamw --lr 1e-3 --weight-decay 0.1 --to rv-adam", code: 64,
      message:
        "unknown target 'rv-adam'; did you mean 'rv-adamw'?"
    ),
    Case(
      line: "roteq convert --from adamw --lr 1e-3 --weight-decay 0.1 --to sgdm", code: 64,
      message:
        "missing --dimension, --gradient-norm, --to-momentum: the conversion needs the dimension (fan-in) C, mean squared gradient norm E‖g‖², momentum α"
    ),
    Case(
      line:
        "roteq convert --from sgdm --lr 1e-3 --weight-decay 0.1 --momentum 0.9 --to lion --decay-convention fixed",
      code: 64,
      message: "decay convention 'fixed' does not apply to SGDM, whose decay is part of the gradient"),
    Case(
      line:
        "roteq solve --for momentum --expected-rotation 0.007 --optimizer sgdm --lr 0.5 --weight-decay 1e-4",
      code: 64, message: "no momentum α between 1e-18 and 1.0 gives 0.007"),
    Case(
      line:
        "roteq solve --for beta2 --expected-rotation 0.007 --optimizer adamw --lr 0.5 --weight-decay 1e-4",
      code: 64, message: "the quantity does not depend on the second moment coefficient β₂"),
    Case(
      line: "roteq convert --from adamw --lr 6e-4 --weight-decay 0.1 --radial-decay 0.01 --to lion", code: 64,
      message:
        "a radial decay or decay error factor was measured under the source optimizer and says nothing of the target; leave it out"
    ),
    Case(
      line:
        "roteq predict --optimizer adam-l2 --lr 8e-4 --weight-decay 1e-4 --dimension 128 --over-steps 1000",
      code: 64, message: "--over-steps: missing --gradient-mass"),
    Case(line: "roteq predic", code: 64, message: "unknown command 'predic'; did you mean 'predict'?"),
    Case(line: "roteq report none.py", code: 66, message: "none.py: no such file"),
    Case(
      line: "roteq report LICENSE", code: 65,
      message:
        "LICENSE: not a run configuration in a known format; known: "
        + RunConfiguration.formats.map(\.identifier).joined(separator: ", ")
    ),
    Case(line: "roteq report /dev/null", code: 65, message: "/dev/null: empty, expected a run configuration"),
    Case(
      line: "roteq report examples/gpt2-openwebtext.py --learnin_rate=3", code: 64,
      message: "--learnin_rate=3: unknown key 'learnin_rate'; did you mean 'learning_rate'?"),
    Case(
      line: "roteq report examples/gpt2-openwebtext.py -o LICENSE/report", code: 73,
      message: "LICENSE/report: cannot be made a directory: not a directory"),
    Case(
      line: "roteq report examples/gpt2-openwebtext.py --templates examples", code: 66,
      message: "examples: no template report.html.mustache; copy it from the project's templates directory"),
    Case(
      line: "roteq sweep --optimizer adamw --lr 1e-4:1e-1:log --weight-decay 0.1", code: 64,
      message: "--lr: '1e-4:1e-1:log' is not a range, expected START:END:log:COUNT or START:END:lin:COUNT"),
    Case(
      line: "roteq sweep --optimizer adamw --lr 1e-4 --weight-decay 0.1", code: 64,
      message: "0 flags hold a range, expected one or two, such as --lr 1e-4:1e-1:log:50"),
    Case(
      line: scale + "", code: 64,
      message:
        "no change is given: expected one of --to-batch-size, --to-momentum, --to-beta1, --to-beta2, --to-dimension"
    ),
    Case(
      line: scale + " --batch-size 8 --to-batch-size 16 --to-beta1 0.95", code: 64,
      message:
        "--to-batch-size, --to-beta1: expected one of --to-batch-size, --to-momentum, --to-beta1, --to-beta2, --to-dimension"
    ),
    Case(
      line: scale + " --batch-size 8", code: 64,
      message: "missing --to-batch-size: --batch-size is the batch size before the change"),
    Case(
      line: scale + " --to-batch-size 8", code: 64,
      message: "missing --batch-size: the change needs the batch size before it"),
    Case(
      line: scale + " --batch-size -8 --to-batch-size 8", code: 64,
      message: "--batch-size: -8.0 is not allowed, expected a finite number of at least 1"),
    Case(
      line: scale + " --batch-size 8 --to-batch-size 8", code: 64,
      message: "batch size B is 8.0 before and after, expected two values"),
    Case(
      line: scale + " --batch-size 8 --to-batch-size 9 --noise-share 1.5", code: 64,
      message: "--noise-share: 1.5 is not allowed, expected a number from 0 to 1"),
    Case(
      line: scale + " --to-beta1 0.95 --dataset-size 5", code: 64,
      message: "--dataset-size applies to a change of the batch size, not to --to-beta1"),
    Case(
      line: scale + " --to-beta2 0.95", code: 64,
      message: "norm and rotation of AdamW do not depend on the second moment coefficient β₂"),
    Case(
      line: scale + " --to-dimension 512", code: 64,
      message: "missing --dimension: the change needs the dimension (fan-in) C before it"),
    Case(
      line: scale + " --to-beta1 0.95 --radial-decay 0.1", code: 64,
      message:
        "a radial decay or decay error factor was measured before the change and says nothing of what follows; leave it out"
    ),
    Case(line: "roteq table 2", code: 64, message: "table 2 is not known, expected 1, 4 or 6"),
  ])
  func message(_ test: Case) throws {
    let run = try Roteq(line: test.line)
    #expect(run.errors == "roteq: \(test.message)\n")
    #expect(run.exitCode == test.code)
    #expect(run.output.isEmpty)
  }
}
