import Engine
import Timetable

/// A hash that names the content of the config files.
///
/// It tells revisions apart in `config_revisions`; it is no protection against forgery.
///
/// A class because every reader of a file adds to the same hash.
final class ContentHash {
    private var hash = FNV1a()
    /// What was added, for the ledger: it keeps what the daemon was told to do.
    private(set) var files: [SourceFile] = []

    /// Adds a file: its name, its length and its bytes, so that no two lists of files agree by
    /// where one ends and the next begins.
    ///
    /// withoutLine: one that names the host, of which the hash is to say nothing: hosts that share a ledger
    /// have the same plan by it.
    func add(name: String, bytes: [UInt8], withoutLine line: Int? = nil) {
        var told = bytes
        if let line {
            var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            if lines.indices.contains(line - 1) { lines.remove(at: line - 1) }
            told = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
        }
        hash.combine(name.utf8)
        hash.combine((0..<8).map { UInt8(truncatingIfNeeded: told.count >> ($0 * 8)) })
        hash.combine(told)
        files.append(SourceFile(path: name, bytes: bytes))
    }

    /// The hash as 16 hexadecimal digits.
    var text: String { String(hash.value, width: 16, radix: 16) }
}
