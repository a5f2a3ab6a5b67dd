package import Engine
import Store

/// A folder, best on /dev/shm, with a migrated template from which each workload gets its database.
///
/// Copying a file takes a tenth of the time that migrating one takes.
package final class WorkloadFolder {
    private let path: String
    private let remove: (String) -> Void
    private let template: Ledger
    private var files = 0

    /// Makes the template.
    ///
    /// - Parameters:
    ///   - path: a folder that exists and is empty.
    ///   - remove: deletes a file, if there is one.
    /// - Throws: `StoreError` when the folder can't be written.
    package init(path: String, remove: @escaping (String) -> Void) throws {
        self.path = path
        self.remove = remove
        template = try Ledger(
            path: path + "/template.db", pid: nil, now: RandomWorkload.start, durability: .simulated
        )
    }

    /// A migrated database that nobody used yet.
    ///
    /// - Parameter name: of the file, without its ending; nil: the next number.
    /// - Returns: its path.
    /// - Throws: `StoreError` when the folder can't be written.
    package func freshDatabase(named name: String? = nil) throws -> String {
        files += 1
        let file = "\(path)/\(name ?? String(files)).db"
        try template.copy(to: file)
        return file
    }

    /// Removes a database that is not needed any more.
    package func discard(_ file: String) {
        for copy in ["", "-copy"] {
            for suffix in ["", "-wal", "-shm"] { remove(file + copy + suffix) }
        }
    }

    /// Runs the workload of a seed on a database of its own.
    ///
    /// - Parameters:
    ///   - seed: decides everything.
    ///   - guards: negative tests switch some off.
    ///   - keepDatabase: leaves the database where it is, for people who look into a seed.
    /// - Returns: what came of it.
    /// - Throws: `StoreError`.
    package func play(
        _ seed: UInt64, guards: Guards = Guards(), keepDatabase: Bool = false
    ) throws -> RandomWorkload.Outcome {
        let file = try freshDatabase(named: keepDatabase ? "seed-\(seed)" : nil)
        defer { if !keepDatabase { discard(file) } }
        var workload = RandomWorkload(seed: seed, path: file, guards: guards)
        return try workload.play()
    }
}
