import Equilibrium
import Parameters
import RunConfigurations
import Testing

@Suite("Names, shapes and patterns")
struct RuleTests {
  @Test(
    "A pattern fits whole names",
    arguments: [
      ("*", "a.b", true), ("*.bias", "h.0.bias", true), ("*.bias", "bias", false),
      ("h.*.weight", "h.1.c.weight", true),
      ("h.?.weight", "h.10.weight", false), ("h.??.weight", "h.10.weight", true), ("", "", true),
      ("", "a", false),
      ("a*b*c", "a.b.b.c", true), ("a*b*c", "a.b.b", false), ("?", "é", true), ("A", "a", false),
      ("**", "", true),
      ("*a*a*a*a*a*a*a*a*a*b", String(repeating: "a", count: 200), false),
    ])
  func glob(pattern: String, name: String, fits: Bool) { #expect(Glob(pattern).matches(name) == fits) }

  /// nanoGPT has `Linear` under the names that Hugging Face gives to `Conv1D`; the widths tell, or the bias.
  @Test("Stored [in, out] or [out, in]")
  func orientation() {
    let nanoGPT = ParameterList(["h.0.attn.c_attn.weight": [288, 96], "h.0.attn.c_proj.weight": [96, 96]])
    #expect(nanoGPT.tensors.map(\.layout) == [.leading(1), .leading(1)])
    let conv1D = ParameterList(["h.0.attn.c_attn.weight": [96, 288], "h.0.attn.c_proj.weight": [96, 96]])
    #expect(conv1D.tensors.map(\.layout) == [.last, .last])
    #expect(conv1D.tensors.map(\.neurons) == [288, 96])
    let byBias = ParameterList(["a.weight": [10, 20], "a.bias": [20], "b.weight": [20, 10], "b.bias": [20]])
    #expect(byBias["a.weight"]?.layout == .last)
    #expect(byBias["b.weight"]?.layout == .leading(1))
    let square = ParameterList(["h.0.attn.c_proj.weight": [96, 96]])
    #expect(square.warnings.count == 1)
    let told = ParameterList(
      ["h.0.attn.c_proj.weight": [96, 96]], ParameterRules(.req, transposed: [Glob("*.c_proj.weight")]))
    #expect(told.warnings.isEmpty)
    #expect(told.tensors[0].layout == .last)
  }

  @Test("Normalisation that goes before a convolution does not follow it")
  func preActivation() {
    // bn1 has the 16 channels that go into conv1, so bn2 follows conv1, and nothing follows conv2.
    let list = ParameterList([
      "block.0.bn1.weight": [16], "block.0.bn1.running_mean": [16], "block.0.conv1.weight": [32, 16, 3, 3],
      "block.0.bn2.weight": [32], "block.0.bn2.running_mean": [32], "block.0.conv2.weight": [32, 32, 3, 3],
      "block.1.bn1.weight": [32], "block.1.bn1.running_mean": [32], "block.1.conv1.weight": [32, 32, 3, 3],
      "block.1.bn2.weight": [32], "block.1.bn2.running_mean": [32], "block.1.conv2.weight": [32, 32, 3, 3],
    ])
    #expect(list["block.0.conv1.weight"]?.kind == .scaleInvariant)
    #expect(list["block.1.conv1.weight"]?.kind == .scaleInvariant)
  }

  @Test("Weight normalisation, transposed convolutions, LoRA, buffers")
  func specialCases() {
    let list = ParameterList([
      "a.weight_g": [8, 1], "a.weight_v": [8, 4], "b.parametrizations.weight.original0": [8, 1, 1],
      "b.parametrizations.weight.original1": [8, 4, 3], "deconv1.weight": [6, 5, 4, 4],
      "q.lora_A.weight": [4, 32], "q.lora_B.weight": [64, 4], "h.0.attn.bias": [1, 1, 16, 16],
      "s.weight_orig": [4, 4], "s.weight_u": [4], "s.weight_v": [4], "norm.weight": [1, 8, 1, 1],
      "x.weight": [1, 7],
    ])
    #expect(list["a.weight_g"]?.role == .vector)
    #expect(list["a.weight_v"]?.kind == .scaleInvariant)
    #expect(list["b.parametrizations.weight.original0"]?.role == .vector)
    #expect(list["b.parametrizations.weight.original1"]?.dimension == 12)
    #expect(list["deconv1.weight"]?.neurons == 5)
    #expect(list["deconv1.weight"]?.dimension == 96)
    #expect(list["q.lora_A.weight"]?.notes == ["A of LoRA, of which the product B·A acts"])
    #expect(list["h.0.attn.bias"]?.role == .buffer)
    #expect(list["s.weight_v"]?.role == .buffer)
    #expect(list["norm.weight"]?.role == .vector)
    #expect(list["x.weight"]?.neurons == 1)
  }

  @Test(
    "Shapes and numbers at the end of their range",
    arguments: [
      ("a.weight", [0, 1 << 62, 1 << 62], [0, 0]), ("a.0.weight", [1 << 62, 0], [0, 0]),
      ("h.0.attn.c_attn.weight", [1, .max], [1, .max]), ("h.0.attn.c_attn.weight", [0, .max], [0, 0]),
      ("x.conv9223372036854775807.weight", [4, 4, 3, 3], [4, 36]),
      ("x.9223372036854775807.weight", [4, 5], [4, 5]),
      ("classifier.9223372036854775807.weight", [4, 5], [4, 5]),
    ])
  func extremes(name: String, shape: [Int], sizes: [Int]) {
    // Batch normalisation that goes before the convolution asks for the next one.
    let list = ParameterList(
      [TensorShape(name, shape), TensorShape("x.bn9223372036854775807.weight", [4])], ParameterRules(.req))
    #expect([list.tensors[0].neurons, list.tensors[0].dimension] == sizes)
  }

  @Test("Stacks of experts of any extent")
  func expertExtremes() {
    let list = ParameterList([
      "experts.gate_up_proj": [1, 1, .max], "experts.down_proj": [1, .max, 1],
      "e.experts.gate_up_proj": [1, 8, 3], "e.experts.down_proj": [1, 3, 4],
    ])
    #expect(list.tensors.map(\.layout) == [.leading(1), .leading(1), .leading(2), .leading(2)])
  }

  @Test("Patterns go before rules, and exclusions before inclusions")
  func patterns() {
    let list: KeyValuePairs = ["a.weight": [4, 4], "b.weight": [4, 4], "b.bias": [4]]
    let rules = ParameterRules(
      .req, decay: [Glob("*")], noDecay: [Glob("a.*")], scaleInvariant: [Glob("*.weight")],
      scaleSensitive: [Glob("b.*"), Glob("c.*")])
    let found = ParameterList(list, rules)
    #expect(found.tensors.map(\.decays) == [false, true, true])
    #expect(found.tensors.prefix(2).map(\.kind) == [.scaleInvariant, .scaleSensitive])
    #expect(found.warnings == ["No tensor fits the pattern 'c.*' for scale-sensitive."])
  }

  @Test(
    "A table of shapes",
    arguments: [
      ("name,shape\na.weight,768x3072\n", nil),
      ("name,neurons,dimension,kind\na,64,27,scale_invariant\n", nil),
      ("name,shape\na,7 by 7\n", "t.csv:2: '7 by 7' is not a shape, expected whole numbers such as 768x3072"),
      ("name,shape\na,-3x7\n", "t.csv:2: '-3x7' is not a shape, expected whole numbers such as 768x3072"),
      (
        "name,shape\na,9999999999x9999999999x9\n",
        "t.csv:2: '9999999999x9999999999x9' is not a shape, expected whole numbers such as 768x3072"
      ),
      (
        "name,shape\na,0x9999999999x9999999999x9\n",
        "t.csv:2: '0x9999999999x9999999999x9' is not a shape, expected whole numbers such as 768x3072"
      ),
      ("shape\n3\n", "t.csv: no column 'name'; it has shape"),
      (
        "name,neurons,dimension\na,0,3\n",
        "t.csv:2: 0.0 in column 'neurons' is not a count, expected a whole number from 1"
      ),
      (
        "name,neurons,dimension,kind\na,1,3,odd\n",
        "t.csv:2: 'odd' is not a kind of weight, expected scale_invariant, scale_sensitive or nothing"
      ),
      (
        "name,neurons,dimension,initial_norm\na,1,3,-1\n",
        "t.csv:2: '-1' in column 'initial_norm' is not a finite number"
      ),
    ])
  func table(text: String, problem: String?) {
    do throws(TableError) {
      _ = try ShapeTable(NumberTable(text, path: "t.csv"))
      #expect(problem == nil)
    } catch { #expect(error.description == problem) }
  }

  @Test(
    "A stated layer fits by the end of its name",
    arguments: [
      ("attn.c_attn", "h.0.attn.c_attn", true), ("h.*.attn.c_attn", "h.0.attn.c_attn", true),
      ("h.*.attn.c_attn", "transformer.h.0.attn.c_attn", true), ("c_attn", "h.0.attn.my_c_attn", false),
      ("h.*.mlp", "h.0.attn", false), ("h.*.mlp", "h.*.mlp", true),
    ])
  func stated(stated: String, name: String, fits: Bool) {
    let layer = LayerShape(name: name, neurons: 3, dimension: 4)
    let told = LayerShape(name: stated, neurons: 3, dimension: 4, initialNorm: 2)
    #expect((layer.match(among: [told]) != nil) == fits)
    #expect(layer.adopting(from: [told]).initialNorm == (fits ? 2 : nil))
    #expect(layer.match(among: [LayerShape(name: stated, neurons: 4, dimension: 3)]) == nil)
  }

  @Test("Names stay what they are: escaping is left to the outputs")
  func namesStay() throws {
    let list = ParameterList(["a\u{1B}[2J\n.weight": [4, 4]])
    #expect(list.layers().map(\.name) == ["a\u{1B}[2J\n"])
  }
}
