import Dynamics
import Equilibrium
import Formulas
import Optimizers
import RunConfigurations
import Testing

/// A file of `examples/`.
func example(_ name: String) -> String {
  let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
  return "/\(root)/examples/\(name)"
}

/// Each example is read to exactly what it states.
@Suite struct ExampleTests {
  @Test func gpt2() throws {
    let (σ, residual) = (0.02, 0.02 / 24.0.squareRoot())
    let norm = σ * 768.0.squareRoot()
    let run = try RunConfiguration.read(path: example("gpt2-openwebtext.py"))
    #expect(
      run
        == TrainingRun(
          name: "gpt2-124M-openwebtext", optimizer: .adamW,
          hyperparameters: [
            .learningRate: 4.8e-3, .weightDecay: 0.1, .beta1: 0.9, .beta2: 0.95, .epsilon: 1e-8,
          ],
          steps: 5000,
          schedule: .named(
            try ScheduleSpecification(parsing: "cosine:floor=0,warmup=250,warmup-from=\(1.0 / 251)")),
          decayRule: .nanoGPT,
          layers: [
            LayerShape(
              name: "attn.c_attn", neurons: 2304, dimension: 768, count: 12, initialNorm: norm),
            LayerShape(
              name: "attn.c_proj", neurons: 768, dimension: 768, count: 12,
              initialNorm: residual * 768.0.squareRoot()),
            LayerShape(name: "mlp.c_fc", neurons: 3072, dimension: 768, count: 12, initialNorm: norm),
            LayerShape(
              name: "mlp.c_proj", neurons: 768, dimension: 3072, count: 12,
              initialNorm: residual * 3072.0.squareRoot()),
            LayerShape(
              name: "wte", neurons: 50304, dimension: 768, initialNorm: norm, kind: .scaleSensitive,
              note: "shared with lm_head; not followed by normalisation"),
            LayerShape(
              name: "wpe", neurons: 1024, dimension: 768, initialNorm: norm, kind: .scaleSensitive,
              note: "not followed by normalisation"),
          ],
          notes: [
            "Read as nanoGPT's config/*.py.",
            "Weights start with standard deviation 0.02, residual projections (c_proj) with 0.02/√(2·n_layer).",
            "A vocabulary of 50304 tokens is assumed; a data set with a meta.pkl has its own.",
            "Matrices and embeddings decay; biases and LayerNorm gains do not and are left out.",
            "No matrix is followed by normalisation, so none is exactly scale-invariant; the paper finds the "
              + "prediction a reasonable approximation for most layers of GPT2-124M (Appendix J, Figure 13).",
            "Not stated, so nanoGPT's default: init_from = scratch, eval_only = false.",
          ],
          warnings: ["Gradients are clipped (grad_clip), which the predictions leave out."],
          ignored: [
            "wandb_log", "wandb_project", "n_head", "dropout", "bias", "dataset", "batch_size",
            "gradient_accumulation_steps", "eval_interval", "eval_iters", "log_interval",
          ]))
  }

  @Test func resNet20() throws {
    func stage(_ name: String, neurons: Int, dimension: Int, count: Int = 1, norm: Double) -> LayerShape {
      LayerShape(
        name: name, neurons: neurons, dimension: dimension, count: count, initialNorm: norm,
        kind: .scaleInvariant)
    }
    let run = try RunConfiguration.read(path: example("resnet20-cifar10.yaml"))
    #expect(
      run
        == TrainingRun(
          name: "ResNet-20 on CIFAR-10", optimizer: .sgdm,
          hyperparameters: [.learningRate: 0.5, .weightDecay: 1e-4, .momentum: 0.9],
          steps: 78_000, stepsPerEpoch: 390,
          schedule: .named(try ScheduleSpecification(parsing: "cosine:floor=0,warmup=1950,warmup-from=2e-6")),
          layers: [
            stage("conv1", neurons: 16, dimension: 27, norm: 0.375.squareRoot()),
            stage(
              "stage 1, 16 to 16 channels", neurons: 16, dimension: 144, count: 6, norm: 2.0.squareRoot()),
            stage("stage 2, 16 to 32 channels", neurons: 32, dimension: 144, norm: 1),
            stage(
              "stage 2, 32 to 32 channels", neurons: 32, dimension: 288, count: 5, norm: 2.0.squareRoot()),
            stage("stage 3, 32 to 64 channels", neurons: 64, dimension: 288, norm: 1),
            stage(
              "stage 3, 64 to 64 channels", neurons: 64, dimension: 576, count: 5, norm: 2.0.squareRoot()),
            LayerShape(
              name: "fc", neurons: 10, dimension: 64, initialNorm: (1.0 / 3).squareRoot(),
              kind: .scaleSensitive, note: "not followed by normalisation; PyTorch's default initialisation"),
          ],
          notes: [
            "The table gives no final learning rate; 0 is assumed, with the cosine counted from the end of the "
              + "warm-up.",
            "The paper does not state the initialisation; Kaiming normal by fan-out is assumed for the "
              + "convolutions.",
            "Shortcuts are taken to have no parameters, as in the ResNet for CIFAR-10 by He et al.",
          ]))
  }

  /// The examples carry the settings of the paper's Table 4.
  @Test(arguments: [
    ("gpt2-openwebtext.py", "OpenWebText", "12×40"), ("resnet20-cifar10.yaml", "CIFAR-10", "128"),
  ])
  func table4(file: String, dataset: String, batch: String) throws {
    let run = try RunConfiguration.read(path: example(file))
    let row = try #require(
      PaperRun.table4.first {
        $0.dataset == dataset && $0.batch == batch && $0.optimizer == run.optimizer.identifier
      })
    #expect(run.steps == row.steps)
    for (symbol, value) in row.zeroShot { #expect(run.hyperparameters[symbol] == value) }
  }

  /// Every layer of every example can be predicted.
  @Test(arguments: ["gpt2-openwebtext.py", "resnet20-cifar10.yaml"])
  func settings(file: String) throws {
    let run = try RunConfiguration.read(path: example(file))
    for layer in run.layers {
      let settings = try run.settings(for: layer)
      #expect(settings.values[.dimension] == Double(layer.dimension))
      #expect(settings.values[.initialNorm] == layer.initialNorm)
      #expect(settings.variant.weight == layer.kind ?? .scaleInvariant)
    }
  }
}
