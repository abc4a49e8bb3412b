import ArgumentParser
import OutsideText
import RunConfigurations

struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config",
    abstract: "Read the configuration of a training run, and write it as roteq's own YAML.",
    discussion: """
      EXAMPLES
        roteq config examples/gpt2-openwebtext.py --learning_rate=6e-4 -o run.yaml
        roteq config examples/gpt2-openwebtext.sh                       (a shell script)
        roteq config examples/deit-tiny-imagenet.yaml \\
            --dataset-size 1281167 --world-size 4                       (timm)
        roteq config examples/resnet50-imagenet.sh                      (timm)
        roteq config examples/transformer-s-iwslt14.sh                  (fairseq)
        roteq config examples/gpt-345m-megatron.sh                      (Megatron-LM)
        roteq config examples/gpt2-openwebtext-trainer/trainer_state.json
                                                              (Hugging Face's Trainer)
        roteq config examples/resnet20-cifar10-lightning.yaml \\
            --dataset-size 50000                                  (PyTorch Lightning)
        roteq config examples/mpt-125m-llm-foundry.yaml                 (llm-foundry)
        roteq config examples/llama3-8b-torchtitan.toml                  (torchtitan)
        roteq config examples/resnet20-cifar10-param-groups.json \\
            --steps 78000                              (optimizer.state_dict() as JSON)
        roteq config --schema

      Every format that is read (docs/configuration.md) ends in the same value, which is what is printed: check here \
      what was understood, edit it, and give it to any other command.
      """)

  @Argument(help: "Configuration of the run; --config says the same.", completion: .file()) var file: String?
  @Argument(
    parsing: .allUnrecognized, help: "Overrides as the training program takes them: --learning_rate=6e-4.")
  var overrides: [String] = []
  @OptionGroup(title: "Configuration") var options: ConfigurationOptions
  @OptionGroup(title: "Parameters") var parameters: ParameterOptions
  @Option(parsing: .unconditional, help: "Steps of the run, where the configuration does not say.")
  var steps: String?
  @Option(name: .shortAndLong, help: "Write it here instead of printing it.", completion: .file())
  var output: String?
  @Flag(help: "Print the JSON schema of roteq's own YAML, for editors that check as one types.")
  var schema = false

  func run() throws {
    let text: Written<YAMLText>
    if schema {
      guard try options.path(file) == nil else {
        throw Failure("--schema goes without a configuration", .usage)
      }
      text = Written(verbatim: RoteqYAML.schema)
    } else {
      guard let path = try options.path(file) else {
        throw Failure("missing FILE: the configuration to read", .usage)
      }
      let run = try options.run(path, overrides: overrides, steps: steps, parameters: parameters)
      text = RoteqYAML.encode(run)
      let size = text.text.utf8.count
      guard size <= RoteqYAML.limit else {
        throw Failure(
          "\(path): its learning rates, step by step, make \(size / 1_000_000) MB of YAML, expected at most \(RoteqYAML.limit / 1_000_000); give this file to the other commands as it is",
          .badData)
      }
    }
    if let output { try OutputFile.write(text, to: output) } else { Standard.output.write(text) }
  }
}
