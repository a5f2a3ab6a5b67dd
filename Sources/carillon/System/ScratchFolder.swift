import Foundation
import Glibc

/// A folder that lives as long as a piece of work.
enum ScratchFolder {
    /// Makes a new folder, in memory where the host has room for files there, and removes it afterwards.
    ///
    /// - Throws: `CommandFailure` if it can't be made, and what the body throws.
    static func use<Value>(_ body: (String) throws -> Value) throws -> Value {
        let files = FileManager.default
        let base = files.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
        let folder = URL(fileURLWithPath: base)
            .appendingPathComponent("carillon-simulate-\(UUID().uuidString)").path
        do {
            try files.createDirectory(
                atPath: folder, withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o700])
        } catch {
            throw CommandFailure(.failed, "can't make the folder \(folder): \(error)")
        }
        defer { try? files.removeItem(atPath: folder) }
        return try body(folder)
    }
}
