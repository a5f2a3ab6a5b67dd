import Console
import Foundation

/// A file that a command makes for a person.
enum PageFile {
    /// Writes it whole or not at all, over one that is there.
    ///
    /// - Throws: `CommandFailure` with 1, which names the option, the path and the cause.
    static func write(_ text: String, to path: String, option: String) throws(CommandFailure) {
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw CommandFailure(
                .failed,
                "\(option) \(Printable.escaped(path, limit: 200)) can't be written: "
                    + Printable.escaped(error.localizedDescription, limit: 300))
        }
    }
}
