import RunConfigurations

extension LayerShape {
  /// The layer with what a configuration says of it: its initial norm, kind and own hyperparameters, where it does not have
  /// them. The configuration may call it by the end of its name, `attn.c_attn` for `h.*.attn.c_attn`; sizes have to agree.
  public func adopting(from stated: [LayerShape]) -> LayerShape {
    guard
      let layer = stated.first(where: {
        $0.dimension == dimension && $0.neurons == neurons
          && ($0.name == name || name.hasSuffix(".\($0.name)"))
      })
    else { return self }
    var result = self
    result.initialNorm = initialNorm ?? layer.initialNorm
    result.kind = kind ?? layer.kind
    result.hyperparameters = layer.hyperparameters
    return result
  }
}
