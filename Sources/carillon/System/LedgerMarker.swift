import Foundation

/// Remembers, outside the data folder, which ledgers this host has had.
///
/// In the cache folder that systemd makes for the unit: it outlives a reboot, and is rarely on the
/// volume of the data. Not beside the lock, which goes with the folder, nor beside the control
/// socket, which a reboot clears.
enum LedgerMarker {
    private static let bytesMax = 64 * 1024

    /// Whether the ledger was there before; from now on it was.
    static func isKnown(_ database: String) -> Bool {
        guard let folder = SystemProcess.environment["CACHE_DIRECTORY"], !folder.isEmpty else {
            return false
        }
        let path = folder + "/ledgers"
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        let lines = text.split(separator: "\n")
        if lines.contains(Substring(database)) { return true }
        guard text.utf8.count + database.utf8.count < bytesMax else { return false }
        // Best effort: without it a new ledger is said in the log only.
        try? (text + database + "\n").write(toFile: path, atomically: true, encoding: .utf8)
        return false
    }
}
