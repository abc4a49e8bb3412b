import OutsideText

/// PyTorch's own files. Reading one runs whatever program is in it, so it is recognised and refused.
enum Pickle {
  private static let extensions = ["pt", "pth", "bin", "ckpt", "pkl", "pickle"]

  /// Whether a file is named as PyTorch's files are.
  static func isNamedLikeOne(_ path: String) -> Bool {
    extensions.contains { path.lowercased().utf8.reversed().starts(with: ".\($0)".utf8.reversed()) }
  }

  /// Whether a file that is no safetensors file is a pickle or a zip archive, as PyTorch writes them, or is named so.
  static func isOne(_ start: [UInt8], path: String) -> Bool {
    start.starts(with: Array("PK\u{3}\u{4}".utf8))
      || (start.count > 1 && start[0] == 0x80 && (2...5) ~= start[1])
      || isNamedLikeOne(path)
  }

  /// The command that writes the tensors of such a file in safetensors' format. Some keep them under a key.
  static func export(_ path: String) -> Written<ShellText> {
    let stem = path.lastIndex(of: ".").map { String(path[..<$0]) } ?? path
    return """
      python3 -c "import sys, torch, safetensors.torch as s; \
      d = torch.load(sys.argv[1], map_location='cpu', weights_only=True); d = d.get('model', d.get('state_dict', d)); \
      s.save_file({k: v.contiguous().clone() for k, v in d.items() if torch.is_tensor(v)}, sys.argv[2])" \
      \(path) \("\(isNamedLikeOne(path) ? stem : path).safetensors")
      """
  }
}
