import Formulas

/// What `roteq replay` says: how the recorded parameters moved, and how far the result is from another implementation's.
public struct ReplayReport: Sendable {
  /// A setting of the replay.
  public struct Setting: Sendable {
    /// What it is, in words.
    public let label: Prose
    /// The name in JSON and in the metadata, snake case.
    public let name: String
    /// A number or a word.
    public let value: Value

    /// A setting's value.
    public enum Value: Sendable {
      /// A number.
      case number(Double)
      /// A word or a path.
      case word(String)

      /// Every digit, as the metadata of a file keeps it.
      public var text: String {
        switch self {
        case .number(let number): Numbers.full(number)
        case .word(let word): word
        }
      }
    }

    /// A setting.
    public init(_ label: Prose, name: String, _ value: Value) {
      (self.label, self.name, self.value) = (label, name, value)
    }
  }

  /// How a parameter is updated.
  public enum Role: String, Sendable {
    /// Turned by Algorithm 1.
    case rotated
    /// A weight outside the rotational set.
    case decayed
    /// A parameter without decay.
    case bias
    /// One factor a neuron, trained beside the weight.
    case gain

    var words: Prose {
      switch self {
      case .rotated: "weight in Ω"
      case .decayed: "decayed weight"
      case .bias: "bias"
      case .gain: "learned gain"
      }
    }
  }

  /// What became of a parameter.
  public struct Parameter: Sendable {
    let name: String
    let shape: [Int]
    let type: String?
    let role: Role
    let norms: (before: Double, after: Double)
    let rotation: Double?

    /// What became of a parameter.
    ///
    /// - Parameters:
    ///   - name: that of the tensor.
    ///   - shape: its extents.
    ///   - role: how it is updated.
    ///   - type: how its numbers were recorded; nil where they were not.
    ///   - norms: of the whole tensor.
    ///   - rotation: mean angle of a step, in radians; nil where it has no weight vectors.
    public init(
      name: String, shape: [Int], type: String?, role: Role, norms: (before: Double, after: Double),
      rotation: Double?
    ) {
      (self.name, self.shape, self.type, self.role) = (name, shape, type, role)
      (self.norms, self.rotation) = (norms, rotation)
    }
  }

  /// How far a tensor is from the other implementation's, in the steps that both have.
  public struct Deviation: Sendable {
    /// The tensor.
    public let tensor: String
    /// Steps compared.
    public var steps = 0
    /// The largest difference, over the largest value expected in that step.
    public var largest = 0.0
    /// Where the largest is; empty for a single number.
    public var index: [Int] = []
    /// The step after which it is there.
    public var step = 0
    /// The first step compared at which it is beyond the tolerance.
    public var firstBeyond: Int?

    /// No difference yet.
    public init(_ tensor: String) { self.tensor = tensor }
  }

  /// A comparison with another implementation.
  public struct Comparison: Sendable {
    let path: String
    let tolerance: Double
    let deviations: [Deviation]
    let ignored: [String]

    /// A comparison.
    ///
    /// - Parameters:
    ///   - path: the other implementation's file.
    ///   - tolerance: the largest deviation allowed.
    ///   - deviations: of each tensor that both have.
    ///   - ignored: tensors of the file that the replay has no like of.
    public init(path: String, tolerance: Double, _ deviations: [Deviation], ignored: [String]) {
      (self.path, self.tolerance, self.deviations, self.ignored) = (path, tolerance, deviations, ignored)
    }
  }

  private let title: String
  private let steps: Int
  private let settings: [Setting]
  private let notes: [String]
  private let parameters: [Parameter]
  private let comparison: Comparison?

  /// The report on a replay.
  ///
  /// - Parameters:
  ///   - title: the optimizer in print.
  ///   - steps: how many were replayed.
  ///   - settings: all that the result depends on.
  ///   - notes: sentences on the settings.
  ///   - parameters: what became of each.
  ///   - comparison: with another implementation, where there is one.
  public init(
    _ title: String, steps: Int, _ settings: [Setting], notes: [String] = [], _ parameters: [Parameter],
    _ comparison: Comparison?
  ) {
    (self.title, self.steps, self.settings, self.notes) = (title, steps, settings, notes)
    (self.parameters, self.comparison) = (parameters, comparison)
  }

  /// Document, JSON and table: that of the comparison where there is one.
  public var output: Output {
    var blocks: [Block] = [
      .heading(1, "\(title), \(steps) recorded step\(steps == 1 ? "" : "s")"), .table(settingsTable),
      .table(movement),
      .list(
        notes.map { Prose([.text($0)]) } + [
          "Norms are of the whole tensor. The mean angle is that of weight vectors: rows, or the layer where it turns as a whole."
        ]),
    ]
    if let comparison {
      blocks.append(.table(Self.table(comparison)))
      if !comparison.ignored.isEmpty {
        blocks.append(.list([Prose("Not compared: \(comparison.ignored.joined(separator: ", ")).")]))
      }
    }
    return Output(
      document: Document(blocks), json: json, table: comparison.map(Self.table) ?? movement)
  }

  private var settingsTable: Table {
    Table(
      caption: "Settings",
      columns: [
        Table.Column("setting", name: "setting", isNumeric: false),
        Table.Column("value", name: "value", isNumeric: false),
      ],
      rows: settings.map { setting in
        switch setting.value {
        case .number(let number): [.prose(setting.label), .prose(Prose([.text(Numbers.short(number))]))]
        case .word(let word): [.prose(setting.label), .prose(Prose([.text(word)]))]
        }
      })
  }

  private var movement: Table {
    Table(
      caption: "What became of the parameters",
      columns: [
        Table.Column("tensor", name: "tensor", isNumeric: false),
        Table.Column("shape", name: "shape", isNumeric: false),
        Table.Column("type", name: "type", isNumeric: false),
        Table.Column("role", name: "role", isNumeric: false),
        Table.Column("norm before", name: "norm_before"), Table.Column("norm after", name: "norm_after"),
        Table.Column("mean angle (rad a step)", name: "mean_rotation"),
      ],
      rows: parameters.map {
        [
          .prose(Prose([.text($0.name)])), .prose(Prose([.text(Self.times($0.shape))])),
          $0.type.map { .prose(Prose([.text($0)])) } ?? .empty, .prose($0.role.words),
          .number($0.norms.before), .number($0.norms.after), .optional($0.rotation),
        ]
      })
  }

  private static func times(_ shape: [Int]) -> String {
    shape.isEmpty ? "1" : shape.map(String.init).joined(separator: " × ")
  }

  private static func table(_ comparison: Comparison) -> Table {
    Table(
      caption: Prose("Against \(comparison.path), allowed \(Numbers.short(comparison.tolerance))"),
      columns: [
        Table.Column("tensor", name: "tensor", isNumeric: false),
        Table.Column("steps compared", name: "steps_compared"),
        Table.Column("largest deviation, relative", name: "largest_deviation"),
        Table.Column("at", name: "index", isNumeric: false), Table.Column("after step", name: "step"),
        Table.Column("beyond since step", name: "first_beyond"),
      ],
      rows: comparison.deviations.map {
        [
          .prose(Prose([.text($0.tensor)])), .number(Double($0.steps)),
          // A number that is not finite has no digits.
          $0.largest.isFinite ? .number($0.largest) : "not finite",
          .prose(Prose([.text("\($0.index)")])),
          .number(Double($0.step)), .optional($0.firstBeyond.map(Double.init)),
        ]
      })
  }

  // MARK: JSON

  private var json: JSONValue {
    [
      "steps": .number(Double(steps)),
      "settings": JSONValue(
        settings.map { setting in
          switch setting.value {
          case .number(let number): (setting.name, .number(number))
          case .word(let word): (setting.name, .string(word))
          }
        }),
      "notes": .array(notes.map { .string($0) }),
      "tensors": .array(
        parameters.map { parameter in
          [
            "name": .string(parameter.name), "shape": Self.array(parameter.shape),
            "type": parameter.type.map { .string($0) } ?? .null, "role": .string(parameter.role.rawValue),
            "norm_before": .number(parameter.norms.before), "norm_after": .number(parameter.norms.after),
            "mean_rotation": .optional(parameter.rotation),
          ]
        }),
      "comparison": comparison.map { comparison in
        [
          "expected": .string(comparison.path), "tolerance": .number(comparison.tolerance),
          "agrees": .bool(comparison.deviations.allSatisfy { $0.firstBeyond == nil }),
          "deviations": .array(
            comparison.deviations.map { deviation in
              [
                "tensor": .string(deviation.tensor), "steps_compared": .number(Double(deviation.steps)),
                "largest_deviation": .number(deviation.largest), "index": Self.array(deviation.index),
                "step": .number(Double(deviation.step)),
                "first_beyond": .optional(deviation.firstBeyond.map(Double.init)),
              ]
            }),
          "not_compared": .array(comparison.ignored.map { .string($0) }),
        ]
      } ?? .null,
    ]
  }

  private static func array(_ numbers: [Int]) -> JSONValue { .array(numbers.map { .number(Double($0)) }) }
}
