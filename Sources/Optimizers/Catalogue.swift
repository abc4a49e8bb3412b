import Equilibrium

extension Optimizer {
  /// Every optimizer that the project knows: the command line, the tables and the tests go through this list.
  public static let catalogue: [Optimizer] = [.sgdm, .adamW, .adamL2, .lion]

  /// The optimizer of that name, as people and programs write it: `AdamW`, `adamw_torch_fused`, `SGD`; nil where there is none.
  public static func named(_ name: String) -> Optimizer? {
    let identifier = aliases[plain(name)]
    return catalogue.first { $0.identifier == identifier }
  }

  /// Why a name is none of an optimizer here, and what comes near it: a clause, or nil where nothing is known of it.
  ///
  /// Another optimizer is never proposed for its spelling: `adam` is not `adamw`.
  public static func reason(against name: String) -> String? {
    reasons.first { $0.names.contains(plain(name)) }?.reason
  }

  /// Small letters without dashes and underscores.
  private static func plain(_ name: String) -> String {
    String(String.UnicodeScalarView(name.lowercased().unicodeScalars.filter { $0 != "-" && $0 != "_" }))
  }

  private static let aliases: [String: String] = {
    var aliases: [String: String] = [:]
    for (identifier, names) in [
      (
        "adamw",
        "adamw adamwtorch adamwtorchfused adamwtorchxla adamwtorchnpufused adamwapexfused adamwhf adamw8bit adamwbnb8bit pagedadamw pagedadamw32bit pagedadamw8bit fusedadam fusedadamw deepspeedcpuadam"
      ), ("adam-l2", "adaml2"), ("sgdm", "sgdm sgd"),
      ("lion", "lion lion8bit lion32bit pagedlion pagedlion8bit pagedlion32bit fusedlion"),
    ] {
      for name in names.split(separator: " ") { aliases[String(name)] = identifier }
    }
    return aliases
  }()

  private static let reasons: [(names: Set<String>, reason: String)] = [
    (
      ["adam"],
      "PyTorch's Adam adds the weight decay to the gradient, which is adam-l2; with decoupled weight decay it is adamw"
    ),
    (
      ["decoupledadamw", "decoupledlionw"],
      "its weight decay is not times the peak learning rate: take adamw or lion with the decay convention 'decoupled'"
    ),
    (["adamax", "nadam", "nadamw", "radam"], "a relative of Adam's without a prediction"),
    (
      [
        "muon", "lamb", "lars", "adafactor", "sophia", "sophiag", "prodigy", "shampoo", "soap",
        "schedulefree",
      ],
      "it has no prediction yet"
    ),
  ]
}
