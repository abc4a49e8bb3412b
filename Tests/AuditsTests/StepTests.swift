import Audits
import Testing

@Suite("The step of a checkpoint")
struct StepTests {
  @Test(
    "A path tells the step",
    arguments: [
      ("run/checkpoint-500/model.safetensors", 500), ("transformer-step-1600.safetensors", 1600),
      ("ckpt_0012000.safetensors", 12000), ("a/step12000-unsharded/model.safetensors", 12000),
      ("iter=30/x.safetensors", 30), ("global_step_77", 77), ("epoch_3.safetensors", 300),
      ("model-00001-of-00002.safetensors", nil), ("steps/model.safetensors", nil),
      ("step-0.safetensors", 0), ("step_12k.safetensors", 12000), ("ckpt-2m", 2_000_000),
      ("checkpoint_2_5000.safetensors", 5000), ("epoch=3-step=1200.safetensors", 1200),
    ] as [(String, Int?)])
  func told(path: String, step: Int?) {
    #expect(CheckpointStep.told(by: path, stepsPerEpoch: 100) == step.map { .steps($0) })
  }

  @Test(
    "A step that is no whole number is not guessed",
    arguments: [
      "step-99999999999999999999", "step_-5", "step=-5", "step--5", "step_1.5k", "step_12b", "step_1e5",
      "epoch_9223372036854775807", "ckpt-9223372036854775807k", "step_12kb",
    ])
  func unreadable(words: String) {
    #expect(
      CheckpointStep.told(by: "\(words).safetensors", stepsPerEpoch: 100)
        == .unreadable("\(words).safetensors"))
  }
}
