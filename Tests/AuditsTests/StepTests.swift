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
      ("step-0.safetensors", nil),
      ("step-99999999999999999999.safetensors", nil),
    ] as [(String, Int?)])
  func told(path: String, step: Int?) {
    #expect(CheckpointStep.told(by: path, stepsPerEpoch: 100) == step)
  }
}
