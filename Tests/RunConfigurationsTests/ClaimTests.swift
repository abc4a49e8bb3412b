import Dynamics
import Equilibrium
import Formulas
import OutsideText
import Testing

@testable import RunConfigurations

/// Whose file it is, and what decides a run and is not read.
@Suite struct ClaimTests {
  struct Case: CustomTestStringConvertible {
    let path: String
    let text: String
    let message: String
    var testDescription: String { message }
    init(_ path: String, _ text: String, _ message: String) {
      (self.path, self.text, self.message) = (path, text, message)
    }
  }

  @Test(
    "A file of another program is refused by its name",
    arguments: [
      Case("a.py", "DEBUG = True\nPORT = 8000", "not a run configuration in a known format"),
      Case("a.yaml", "optim_conf: {lr: 1}\noptim: adam", "of ESPnet (it has optim_conf)"),
      Case("a.yaml", "model: {optim: {name: adam, lr: 1}}", "of NeMo (it has model.optim.name)"),
      Case("a.yaml", "SOLVER: {MAX_EPOCH: 9, BASE_LR: 0.1}", "of SlowFast"),
      Case("a.yaml", "LearningRate: {base_lr: 0.1}\nOptimizerBuilder: {}", "of PaddlePaddle"),
      Case("a.py", "dataloader = {}\nlr_multiplier = 1", "of detectron2 (it has dataloader)"),
      Case("a.toml", "[tool]\nname = 'a'", "not a run configuration in a known format"),
    ])
  func foreign(_ item: Case) { expect(item) }

  private static let hf = "per_device_train_batch_size: 8\nmax_steps: 9\nweight_decay: 0.1\n"
  private static let titan = "[optimizer]\nname = 'AdamW'\nlr = 1e-3\n[training]\nsteps = 9\n"

  @Test(
    "What decides a run is not left unread",
    arguments: [
      Case("a.py", "max_iters = 9\nuse_muon = True", "'use_muon' may decide the run"),
      Case("a.py", "max_iters = 9\nmax_iter = 100", "'max_iter' (did you mean max_iters?) may decide"),
      Case("a.py", "max_iters = 9\nlr = 1e-3", "'lr' may decide"),
      Case("a.py", "max_iter = 9\nlr_decay_iters = max_iter", "'max_iter' (did you mean max_iters?)"),
      Case(
        "a.yaml", "opt: sgd\nsched: cosine\nllr: 0.1\nweight_decay: 0.1\nmomentum: 0.9",
        "'llr' (did you mean lr?)"),
      Case(
        "a.sh", "./distributed_train.sh 1 --opt sgd --weight-decay 0.1 --lr 1 --my-epochs 3", "'my_epochs'"),
      Case(
        "a.yaml",
        "optimizer: {class_path: torch.optim.AdamW}\ntrainer: {max_steps: 9}\nlrscheduler: {class_path: torch.optim.lr_scheduler.StepLR}",
        "'lrscheduler.class_path'"),
      Case("a.py", "max_iters = 9\nbetas = (0.9, 0.95)", "'betas'"),
      Case("a.yaml", hf + "num_epochs: 3", "'num_epochs'"),
      Case("a.yaml", hf + "weight_decya: 0", "'weight_decya' (did you mean weight_decay?)"),
      Case("a.yaml", hf + "use_galore: true", "'use_galore'"),
      Case("a.toml", titan + "[other]\nmuon_lr = 1", "'other.muon_lr'"),
      Case("a.sh", "torchrun pretrain_gpt.py --train-iters 9 --lr 1e-3 --max-lr 1e-2", "'max_lr'"),
      Case("a.sh", "torchrun pretrain_gpt.py --train-iters 9 --lr 1e-3 --use-mup", "'use_mup'"),
      Case("a.sh", "torchrun pretrain_gpt.py --train-iters 9 --lr 1e-3 \"$@\"", "'$@' may decide the run"),
    ])
  func undecided(_ item: Case) {
    expect(item)
    #expect(throws: ConfigurationError.self) {
      try RunConfiguration.read(text: item.text, path: item.path, ignoring: ["nothing"])
    }
  }

  private func expect(_ item: Case) {
    let error = #expect(throws: ConfigurationError.self) {
      try RunConfiguration.read(
        text: item.text, path: item.path,
        facts: RunFacts(item.text.contains("sgd") ? [.datasetSize: 5000, .worldSize: 1] : [:]))
    }
    #expect(error?.description.contains(item.message) == true, "\(error?.description ?? "")")
  }

  @Test("What is asked to be ignored is said", arguments: ["use_muon", "num_epochs"])
  func ignored(_ key: String) throws {
    let run = try RunConfiguration.read(
      text: Self.hf + "\(key): 3", path: "a.yaml", ignoring: [key])
    #expect(run.warnings.contains("\(key) = 3 is left out, as --ignore asks."))
  }

  @Test(
    "What is no setting of the run raises nothing",
    arguments: [
      "eval_batch_size: 3", "ema_decay: 0.999", "log_steps: 10", "bn_momentum: 0.1", "num_workers: 4",
      "use_muon: false",
      "layer_norm_eps: 1e-5", "pipeline_schedule: 1F1B", "save_every_n_epochs: 1",
    ])
  func harmless(_ line: String) throws {
    _ = try RunConfiguration.read(text: Self.hf + line, path: "a.yaml")
  }

  @Test(
    "Groups of other optimizers are named",
    arguments: [
      ("ns_steps", "Muon"), ("trust_coeff", "LARS"), ("d_coef", "Prodigy"), ("rho", "Sophia"),
      ("weight_lr_power", "schedule-free"), ("clip_threshold", "Adafactor"), ("always_adapt", "LAMB"),
    ])
  func groups(_ key: String, _ name: String) {
    expect(
      Case(
        "a.json",
        #"[{"lr": 0.02, "weight_decay": 0.1, "betas": [0.9, 0.99], "eps": 1e-8, "momentum": 0.9, "nesterov": true, "\#(key)": 5, "params": [0]}]"#,
        name))
  }

  @Test(
    "A timm command line does not decide for the copy of the script",
    arguments: [("--opt sgd", "weight_decay"), ("--weight-decay 0.1", "opt")])
  func forks(_ flags: String, _ missing: String) {
    expect(
      Case(
        "a.sh", "./distributed_train.sh 8 --model a --lr 1 --epochs 3 \(flags)",
        "\(missing) is not stated, and copies of timm's train.py differ"))
  }

  private static let megatron =
    "pretrain_gpt.py --train-iters 1000 --micro-batch-size 1 --global-batch-size 8 --lr 1e-3 --weight-decay 0.1"

  @Test(
    "Commands in strings are read",
    arguments: [
      "CMD=\"torchrun \(megatron)\"\neval $CMD", "CMD=\"torchrun \(megatron)\"\n$CMD",
      "eval \"torchrun \(megatron)\"",
      "CMD='torchrun \(megatron)'\nbash -c \"$CMD\"", "srun bash -c 'torchrun \(megatron)'",
      "ray job submit -- python3 \(megatron)", "torchrun \(megatron.replacing("gpt", with: "bert"))",
      "let N=2000/2\ntorchrun \(megatron.replacing("1000", with: "$N"))",
      "A=(torchrun \(megatron))\n\"${A[@]}\"",
    ])
  func commands(_ text: String) throws {
    let run = try RunConfiguration.read(text: text, path: "run.sh")
    #expect(run.steps == 1000 && run.hyperparameters[.learningRate] == 1e-3)
  }

  @Test("What a string or let holds behind a condition is not known")
  func conditional() {
    expect(
      Case(
        "run.sh",
        "let N=1\nif [ $X ]; then let N=2; fi\ntorchrun \(Self.megatron.replacing("1000", with: "$N"))",
        "would have to be executed"))
  }

  /// 8 sequences of 128 tokens a step: a warmup of 97.65 steps, a decay of 976.5.
  @Test("Tokens are counted") func tokens() throws {
    let run = try RunConfiguration.read(
      text:
        "deepspeed pretrain_gpt.py --train-samples 8000 --lr-decay-tokens 1000000 --lr-warmup-tokens 100000 --seq-length 128 --global-batch-size 8 --lr 1e-3 --min-lr 1e-4 --lr-decay-style cosine --weight-decay 0.1",
      path: "run.sh")
    let plan = try run.plan()
    #expect(run.steps == 1000)
    #expect(abs(plan.step(after: 50).learningRate - 1e-3 * 50 * 1024 / 1e5) < 1e-9)
    #expect(abs(plan.step(after: 980).learningRate - 1e-4) < 1e-9)
  }

  @Test("Annotated assignments and hydra's targets are read") func otherForms() throws {
    #expect(
      try RunConfiguration.read(text: "max_iters: int = 9\nbias: bool = False", path: "a.py").steps == 9)
    let text =
      "model:\n  optimizer: {_target_: torch.optim.AdamW, lr: 0.002, weight_decay: 0.1}\ntrainer: {max_steps: 7}"
    #expect(try RunConfiguration.read(text: text, path: "a.yaml").hyperparameters[.learningRate] == 0.002)
  }

  /// It is a setting like any other, and the default of many programs; what is refused are predictions of an equilibrium.
  @Test(
    "A weight decay of 0 is read",
    arguments: [
      ("a.py", "max_iters = 9\nweight_decay = 0.0"),
      ("a.yaml", "per_device_train_batch_size: 8\nmax_steps: 9"),
      ("a.json", #"[{"lr": 0.1, "momentum": 0.9, "dampening": 0, "weight_decay": 0}]"#),
      ("a.sh", "torchrun pretrain_gpt.py --train-iters 9 --lr 1e-3 --weight-decay 0"),
      ("a.sh", "fairseq-train d --optimizer adam --lr 0.1 --max-update 9"),
      (
        "a.sh",
        "./distributed_train.sh 1 --model a --opt sgd --lr 0.1 --weight-decay 0 --epochs 1 --warmup-epochs 0"
      ),
      (
        "a.yaml",
        "optimizer: {class_path: torch.optim.SGD, init_args: {lr: 0.1, momentum: 0.9}}\ntrainer: {max_steps: 9}"
      ),
      ("a.toml", "[optimizer]\nname = 'AdamW'\nlr = 1e-3\nweight_decay = 0\n[training]\nsteps = 9"),
    ])
  func withoutDecay(path: String, text: String) throws {
    var facts = RunFacts()
    if path.hasSuffix("json") { facts.known[.steps] = 9 }
    if text.contains("--epochs") { facts.known[.datasetSize] = 128 * 9 }
    let run = try RunConfiguration.read(text: text, path: path, facts: facts)
    #expect(run.hyperparameters[.weightDecay] == 0 && run.steps == 9)
    #expect(try RoteqYAML.decode(RoteqYAML.encode(run).text, path: "run.yaml") == run)
    let error = #expect(throws: SettingsError.self) { try run.settings() }
    #expect(error?.description.hasSuffix("without weight decay there is no equilibrium") == true)
  }
}
