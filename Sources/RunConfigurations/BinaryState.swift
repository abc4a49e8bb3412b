import OutsideText

/// Checkpoints and pickles, told by their names and first bytes so that they can be refused. Nothing is unpickled.
enum BinaryState {
  /// How many bytes tell.
  static let prefix = 64
  /// The extensions under which Python's states are saved.
  static let pathExtensions = ["pt", "pth", "bin", "ckpt", "pkl", "pickle"]

  /// What is wrong with a file that is such a state; nil where it is none.
  static func problem(of bytes: some Collection<UInt8>, path: String) -> Problem? {
    let isNamed = pathExtensions.contains(InputText.pathExtension(path))
    guard isNamed || isArchive(Array(bytes)) else { return nil }
    let file = Written<ShellText>(path).text
    if path.split(separator: "/").last == "training_args.bin" {
      return .binaryState(
        export: "python -c \"import sys, torch; print(torch.load(sys.argv[1], weights_only=False)"
          + ".to_json_string())\" \(file) > training_args.json", executes: true)
    }
    // The optimizer's state stands alone, under a name of its own, or, in Lightning's checkpoints, in a list.
    return .binaryState(
      export: "python -c \"import json, sys, torch; s = torch.load(sys.argv[1], map_location='cpu', "
        + "weights_only=True); s = s.get('optimizer') or s.get('optimizer_state_dict') or "
        + "s.get('optimizer_states', [s])[0]; print(json.dumps(s['param_groups'], default=float))\" "
        + "\(file) > groups.json", executes: false)
  }

  /// A zip archive, as `torch.save` writes, or a pickle: of protocol 2 and above by its first opcode, of 0 and 1 by a
  /// mark and what is made of it.
  private static func isArchive(_ bytes: [UInt8]) -> Bool {
    func begins(_ text: String) -> Bool { bytes.starts(with: text.utf8) }
    if bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) { return true }
    if bytes.count > 1, bytes[0] == 0x80, (2...5).contains(bytes[1]) { return true }
    if begins("(dp0\n") || begins("(lp0\n") || begins("}q\0") || begins("]q\0") { return true }
    // A global: `cmodule\nname\n`.
    return begins("c__builtin__\n") || begins("ccollections\n") || begins("cbuiltins\n") || begins("cos\n")
      || begins("cposix\n")
  }
}
