import Equilibrium
import Formulas
import RunConfigurations
import Testing

/// Shell scripts and argparse: what a command line says, and nothing executed.
@Suite struct CommandLineTests {
  private func read(_ text: String, _ facts: [RunFacts.Fact: Int] = [:]) throws -> TrainingRun {
    try RunConfiguration.read(text: text, path: "run.sh", facts: RunFacts(facts))
  }

  struct Script: CustomTestStringConvertible {
    let text: String
    let rate: Double
    var testDescription: String { text }
    init(_ text: String, _ rate: Double) { (self.text, self.rate) = (text, rate) }
  }

  private static let start = "pretrain_gpt.py --train-iters 10 --weight-decay 0.1"

  @Test(arguments: [
    Script("python \(start) --lr 0.5", 0.5), Script("python \(start) --lr=0.5", 0.5),
    Script("python3.11 -u /opt/megatron/\(start) --lr '0.5'", 0.5),
    Script("$ python \(start) --lr \"0.5\"", 0.5),
    Script("python \(start) \\\n  --lr \\\n 0.5", 0.5), Script("python \(start) --lr 0.\\\n5", 0.5),
    Script("# --lr 1\npython \(start) --lr 0.5 # --lr 2", 0.5), Script("python \(start) --lr 0\\.5", 0.5),
    Script("python \(start) --lr '0'.\"5\"", 0.5), Script("python \(start) --lr $'0.5'", 0.5),
    Script("LR=0.5\npython \(start) --lr $LR", 0.5), Script("LR='0.5'; python \(start) --lr \"${LR}\"", 0.5),
    Script("export LR=0.5\npython \(start) --lr=$LR", 0.5),
    Script("LR=0.25\nLR=0.5\npython \(start) --lr $LR", 0.5),
    Script("A=0.\nB=5\npython \(start) --lr $A${B}", 0.5),
    Script("A=5\nLR=0.$A\npython \(start) --lr $LR", 0.5),
    Script("python \(start) --lr ${LR:-0.5}", 0.5), Script("LR=0.25\npython \(start) --lr ${LR:-0.5}", 0.25),
    Script("LR=\npython \(start) --lr ${LR:-0.5}", 0.5), Script("D=0.5\npython \(start) --lr ${LR:-$D}", 0.5),
    Script("python \(start) --lr ${A:-${B:-${C:-0.5}}}", 0.5),
    Script(": ${LR:=0.5}\npython \(start) --lr $LR", 0.5),
    Script("LR=$((1 + 3 * 2 / 6))\npython \(start) --lr $LR", 2),
    Script("N=7\npython \(start) --lr $((N/2))", 3),
    Script("python \(start) --lr 0.5 && rm -rf /", 0.5), Script("python \(start) --lr 0.5; --lr 1", 0.5),
    Script("python \(start) --lr 0.5 2>&1 | tee log --lr 1", 0.5),
    Script("python \(start) --lr 0.5 > log 2> errors", 0.5),
    Script("python \(start) > log --lr 0.5", 0.5), Script("python \(start) --lr 0.5 &> log &", 0.5),
    Script("ARGS=(--lr 0.5)\npython \(start) \"${ARGS[@]}\"", 0.5),
    Script("ARGS=(\n  --lr # rate\n  0.5 \\\n  --fp16\n)\npython \(start) ${ARGS[@]}", 0.5),
    Script("ARGS=(--bf16)\nARGS+=(--lr 0.5)\npython \(start) ${ARGS[*]}", 0.5),
    Script("ARGS=\"\n  --fp16 \\\n  --lr 0.5\n\"\npython \(start) $ARGS", 0.5),
    Script("ARGS='--bf16'\nARGS+=' --lr 0.5'\npython \(start) $ARGS", 0.5),
    Script("CUDA_VISIBLE_DEVICES=0,1 torchrun --nproc_per_node 2 \(start) --lr 0.5", 0.5),
    Script("python -m torch.distributed.run --nnodes=2 \(start) --lr 0.5", 0.5),
    Script("srun -n 16 --container-image x python \(start) --lr 0.5", 0.5),
    Script("accelerate launch --num_processes 4 \(start) --lr 0.5", 0.5),
    Script("$LAUNCHER \(start) --lr 0.5", 0.5),
    Script("cat > other.sh <<EOF\npython \(start) --lr 1\nEOF\npython \(start) --lr 0.5", 0.5),
    Script("cat <<-'END' > x\n\tpython \(start) --lr 1\n\tEND\npython \(start) --lr 0.5", 0.5),
    Script("echo \"python \(start) --lr 1\"\npython \(start) --lr 0.5", 0.5),
    Script("if true; then\n  python \(start) --lr 0.5\nfi", 0.5),
    Script("train() {\n  python \(start) --lr 0.5\n}\ntrain", 0.5),
    Script("python \(start) --lr 0.25 --lr 0.5", 0.5),
    Script("é='ü'\npython \(start) --lr 0.5 --save \"$é\"", 0.5),
  ])
  func expansion(_ script: Script) throws {
    #expect(try read(script.text).hyperparameters[.learningRate] == script.rate)
  }

  struct Line: CustomTestStringConvertible {
    let text: String
    let line: String
    var testDescription: String { text }
    init(_ text: String, _ line: String) { (self.text, self.line) = (text, line) }
  }

  /// Each of these would have to be executed, or is not known.
  @Test(arguments: [
    ("$LR", ""), ("$(cat rate)", ""), ("`cat rate`", ""), ("$1", ""), ("${LR%x}", ""), ("${LR[3]}", ""),
    ("$((LR))", ""),
    ("$LR", "LR=$(python -c 'print(1)')"), ("$LR", "for LR in 0.1 0.2; do true; done"),
    ("$LR", "if [ -n \"$FAST\" ]; then LR=0.5; fi"), ("$LR", "LR=0.1\n[ -n \"$FAST\" ] && LR=0.5"),
    ("$LR", "read LR"),
    ("$LR", "LR=0.5 true"), ("$LR", "LR=0.5\nunset LR"),
  ])
  func unknown(value: String, before: String) throws {
    let error = #expect(throws: ConfigurationError.self) {
      try read("\(before)\npython \(Self.start) --lr \(value)")
    }
    // What a variable was set to stands where it was set.
    let isSet = before.contains("LR=$(")
    let line = isSet ? 1 : before.split(separator: "\n").count + (before.isEmpty ? 2 : 1)
    let shown = isSet ? "$(python -c 'print(1)')" : value
    #expect(
      error?.description
        == "run.sh:\(line): lr is '\(shown)', which would have to be executed; write the value out"
        + " or pass --lr=VALUE")
    let run = try RunConfiguration.read(
      text: "\(before)\npython \(Self.start) --lr \(value)", path: "run.sh", overrides: ["--lr=0.5"])
    #expect(run.hyperparameters[.learningRate] == 0.5)
  }

  @Test(
    "A function runs where it is called, a subshell keeps its variables, and what may have changed is asked for",
    arguments: [
      ("f() { LR=0.2; }\nLR=0.1\nf", 0.2), ("LR=0.1\nf() { LR=0.2; }", 0.1),
      ("function f { LR=0.2; M=1\n}\nLR=0.1\nf", 0.2), ("LR=0.1\nf() { local LR=0.2; }\nf", 0.1),
      ("LR=0.1\nf() {\n  LR=0.2\n}\nif [ $X ]; then f; fi", nil), ("LR=0.1\n(LR=0.2)", 0.1),
      ("LR=0.1\n(cd x; LR=0.2; echo)", 0.1), ("{ M=1; LR=0.2; }", 0.2),
      ("LR=0.1; [ $X ] && { M=1; LR=0.2; }", nil),
      ("LR=0.1\nsource other.sh", nil), ("LR=0.1\n. venv/bin/activate", 0.1), ("LR=0.1\nprintf -v LR x", nil),
      ("LR=0.1\n(( LR = 2 ))", nil), ("LR=$((010))", nil), ("LR=0.1\nif [ $X ]; then unset LR; fi", nil),
      ("case $X in a) M=1;; *) M=2;; esac\n(LR=0.2)\nLR=0.1", 0.1),
    ] as [(String, Double?)])
  func functionsAndSubshells(_ before: String, _ rate: Double?) {
    let run = try? read("\(before)\npython \(Self.start) --lr $LR")
    #expect(run?.hyperparameters[.learningRate] == rate)
  }

  @Test("A flag that only a condition gives is asked for, and so is what is passed on") func conditional() {
    let error = #expect(throws: ConfigurationError.self) {
      try read("A=(--lr 1)\nif [ $X ]; then A+=(--lr 2); fi\npython \(Self.start) ${A[@]}")
    }
    #expect(error?.description.contains("lr is 'A+=(--lr 2)'") == true)
    let other = #expect(throws: ConfigurationError.self) {
      try read("python \(Self.start) --lr 1 --fp16 \"$@\"")
    }
    #expect(other?.description.contains("'$@' may decide the run") == true)
  }

  @Test("Without a launcher the Trainer uses every GPU that it sees") func visibleDevices() throws {
    let line = "python run_clm.py --output_dir o --per_device_train_batch_size 5 --num_train_epochs 1"
    let facts = RunFacts([.datasetSize: 100])
    for (before, steps) in [
      ("CUDA_VISIBLE_DEVICES=0,3 ", 10), ("export CUDA_VISIBLE_DEVICES=1,2,3,4\n", 5), ("", 20),
    ] {
      #expect(try RunConfiguration.read(text: before + line, path: "a.sh", facts: facts).steps == steps)
    }
  }

  @Test(arguments: [
    Line(
      "python \(start) --lr 1 --lr 0.5", "--lr is given twice, as 1 and on line 1 as 0.5; the last counts."),
    Line("python \(start) --lr 1 --train-it 20", "Line 1: --train-it is read as --train-iters."),
    Line(
      "torchrun --nproc_per_node 4 --nnodes 2 \(start) --lr 1 --train-samples 64 --micro-batch-size 1", ""),
  ])
  func notes(_ item: Line) throws {
    let notes = try read(item.text).notes
    #expect(item.line.isEmpty || notes.contains(item.line), "\(notes)")
  }

  @Test(arguments: [
    Line(
      "python \(start) --lr 1\npython \(start) --lr 2", "2 training commands: the last is read, on line 2."),
    Line("python \(start) --lr 1 $EXTRA", "Line 1: what $EXTRA stands for is not known and not read."),
    Line(
      "python \(start) --lr 1 \\\n # --fp16\n --min-lr 0.1",
      "Line 3 begins with --min-lr, but the command ended before it: a backslash is missing or a comment stands between."
    ),
  ])
  func warnings(_ item: Line) throws {
    let warnings = try read(item.text).warnings
    #expect(warnings.contains(item.line), "\(warnings)")
  }

  struct Launcher: CustomTestStringConvertible {
    let text: String
    let processes: Int?
    var testDescription: String { text }
    init(_ text: String, _ processes: Int?) { (self.text, self.processes) = (text, processes) }
  }

  /// The batch of a process is 10 of 80 examples, so the updates of the epoch tell the processes.
  @Test(arguments: [
    Launcher("python train.py", 1), Launcher("torchrun train.py", 1),
    Launcher("torchrun --nproc_per_node 4 train.py", 4),
    Launcher("torchrun --nproc-per-node=2 --nnodes=2 train.py", 4),
    Launcher("torchrun --nproc_per_node gpu train.py", nil),
    Launcher("N=2; torchrun --nproc_per_node $N train.py", 2),
    Launcher("torchrun --nproc_per_node $N train.py", nil),
    Launcher("python -m torch.distributed.launch --nproc_per_node=8 train.py", 8),
    Launcher("./distributed_train.sh 4", 4),
    Launcher("accelerate launch --num_processes 2 train.py", 2), Launcher("accelerate launch train.py", nil),
    Launcher("srun --ntasks 4 python train.py", 4),
    Launcher("srun -N 2 --ntasks-per-node=2 python train.py", 4),
    Launcher("srun python train.py", nil), Launcher("mpirun -np 8 python train.py", 8),
    Launcher("deepspeed --num_gpus 2 train.py", 2),
  ])
  func launchers(_ item: Launcher) throws {
    let text =
      "\(item.text) --opt sgd --weight-decay 1e-4 --lr 0.1 --epochs 1 --batch-size 10 --warmup-epochs 0"
    guard let processes = item.processes else {
      let error = #expect(throws: ConfigurationError.self) { try read(text, [.datasetSize: 80]) }
      #expect(error?.description.contains("give --world-size N") == true)
      return
    }
    #expect(try read(text, [.datasetSize: 80]).steps == 8 / processes)
    #expect(try read(text, [.datasetSize: 80, .worldSize: 2]).steps == 4)
    #expect(try read(text, [.datasetSize: 80]).notes.contains { $0.hasPrefix("\(processes) process") })
  }

  /// The type of the file shows in its lines, too.
  @Test func recognition() throws {
    for text in ["#!/usr/bin/env bash\nLR=1\npython \(Self.start) --lr $LR", "python \(Self.start) --lr 1"] {
      #expect(try RunConfiguration.read(text: text, path: "notes.txt").hyperparameters[.learningRate] == 1)
    }
  }

  /// Variables that contain each other would take 2^40 bytes.
  @Test func bounded() throws {
    let doubling = (0..<40).map { _ in "A=\"$A$A\"" }.joined(separator: "\n")
    let error = #expect(throws: ConfigurationError.self) {
      try read("A=xxxxxxxx\n\(doubling)\npython \(Self.start)")
    }
    #expect(error?.description == "run.sh:17: not valid shell: its variables expand to more than 1 MB")
  }

  /// What a hostile script repeats ends in one line or a few warnings.
  @Test(arguments: [
    "${A:-", "$(", "A=(", "\"", "x ", "if ", "${A[@]} ", "<<E ", "A+=(x)\n", "A+=x\n", "--x ", "--lr 1 ", "`",
    "$((1+",
    "A=('' $A \"${A[@]}\")\n",
  ])
  func hostile(text: String) {
    let many = String(repeating: text, count: 4000)
    let run = try? read("\(many)\npython \(Self.start) --lr 1 \(many)")
    #expect((run?.warnings.count ?? 0) < 10 && (run?.notes.count ?? 0) < 30)
  }

  @Test(arguments: [
    Line(
      "echo hello",
      "run.sh: no command line of a known training program; known: nanoGPT's train.py, timm's train.py, fairseq-train,"
        + " fairseq-hydra-train, Megatron-LM's pretrain_gpt.py, MAE's main_pretrain.py, DINO's main_dino.py,"
        + " open_clip's training, a script of Hugging Face's Trainer, a training script of diffusers;"
        + " --config-format NAME reads it as one of them"),
    Line("python \(start) --lr 'x", "run.sh:1: not valid shell: a quote is not closed"),
    Line("A=(1\npython x", "run.sh:1: not valid shell: a bracket is not closed"),
    Line("echo $(date", "run.sh:1: not valid shell: a bracket is not closed"),
    Line("echo\necho ${x", "run.sh:2: not valid shell: a bracket is not closed"),
    Line("python \(start) --lr", "run.sh:1: --lr needs a value"),
    Line("python \(start) --lr fast", "run.sh:1: lr is 'fast', expected a finite number above 0"),
    Line("python \(start) --lr --fp16", "run.sh:1: --lr needs a value"),
    Line(
      "python train.py config/x.py --batch_size=1",
      "run.sh:1: the command reads 'config/x.py', which is not beside this"
        + " file; put it there, or give that file itself"),
    Line(
      "python train.py ../x.py --batch_size=1",
      "run.sh:1: the command reads '../x.py', which is not beside this file;"
        + " put it there, or give that file itself"),
    Line("python train.py --batch_size 1 --n_layer=2", "run.sh:1: expected --key=value"),
    Line(
      "python train.py --batch_size=1 --n_laier=2", "run.sh:1: unknown key 'n_laier'; did you mean 'n_layer'?"
    ),
  ])
  func errors(_ item: Line) {
    let error = #expect(throws: ConfigurationError.self) { try read(item.text) }
    #expect(error?.description == item.line)
  }
}
