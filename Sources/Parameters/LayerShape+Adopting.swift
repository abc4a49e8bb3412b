import RunConfigurations

extension LayerShape {
  /// The layer with what a configuration says of it: its initial norm, kind and own hyperparameters, where it does not have
  /// them.
  public func adopting(from stated: [LayerShape]) -> LayerShape {
    guard let layer = match(among: stated) else { return self }
    var result = self
    result.initialNorm = initialNorm ?? layer.initialNorm
    result.kind = kind ?? layer.kind
    result.hyperparameters = layer.hyperparameters
    return result
  }

  /// The layer of a configuration that this one is; nil where it states none.
  ///
  /// Its name, or a pattern of it, may be the end of this one's: `attn.c_attn` and `h.*.attn.c_attn` are both
  /// `h.0.attn.c_attn`; sizes have to agree. The same name goes before a pattern.
  public func match(among stated: [LayerShape]) -> LayerShape? {
    let alike = stated.filter { $0.dimension == dimension && $0.neurons == neurons }
    return alike.first { $0.name == name }
      ?? alike.first { Glob($0.name).matches(name) || Glob("*.\($0.name)").matches(name) }
  }
}
