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
    func add(name: String, bytes: [UInt8]) {
        hash.combine(name.utf8)
        hash.combine((0..<8).map { UInt8(truncatingIfNeeded: bytes.count >> ($0 * 8)) })
        hash.combine(bytes)
        files.append(SourceFile(path: name, bytes: bytes))
    }

    /// The hash as 16 hexadecimal digits.
    var text: String { String(hash.value, width: 16, radix: 16) }
}
