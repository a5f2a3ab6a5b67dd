package import Config
package import Console
import Engine
import Store
package import Timetable

/// What the daemon starts on: the files on disk, or the last ones that were accepted, since a host
/// without a scheduler is worse than one with yesterday's.
package struct AcceptedConfiguration: Sendable {
    /// What to start on.
    package struct Choice {
        package var loaded: LoadedConfiguration
        /// Why the files on disk are refused, where the last accepted ones run instead.
        package var refusal: String?
        /// The files were compared with those before; false: the ledger can't be read just now, and
        /// `compare` is to be called once it can.
        package var isCompared: Bool
    }

    private let path: String
    private let host: any HostReading
    private let isStrict: Bool

    /// Looks at a config file.
    ///
    /// - Parameters:
    ///   - path: the main file.
    ///   - host: where it is.
    ///   - isStrict: nothing but the files on disk will do.
    package init(path: String, host: any HostReading, isStrict: Bool) {
        self.path = path
        self.host = host
        self.isStrict = isStrict
    }

    /// Reads the files, or what the ledger has kept of them.
    ///
    /// Files that read well and say less than those before, as emptied ones and a folder that isn't
    /// mounted do, are refused like others: a start would cancel what waits.
    ///
    /// - Parameter now: for warnings of calendars that are about to end.
    /// - Returns: the configuration, and why the files on disk are refused.
    /// - Throws: `ConfigRejected` if they are, and there is no other, or only they will do; a passing
    ///   `StoreError` if they are, and the ledger can't be asked for others just now.
    package func load(now: Instant) throws -> Choice {
        let loader = ConfigurationLoader(host: host)
        do {
            let loaded = try loader.load(path, secrets: .awaited, now: now)
            do {
                guard let before = try kept(in: loaded.daemon.database, now: now),
                    let objection = loaded.objection(after: before)
                else { return Choice(loaded: loaded, refusal: nil, isCompared: true) }
                if isStrict || loaded.daemon.isStrict {
                    throw ConfigRejected(objection: objection, path: path)
                }
                return Choice(loaded: before, refusal: objection, isCompared: true)
            } catch is StoreError {
                // The daemon waits for its disk, loudly, and must be there to do so.
                return Choice(loaded: loaded, refusal: nil, isCompared: false)
            }
        } catch let error as ConfigRejected {
            let settings = try? loader.daemonSettings(path)
            guard !isStrict, !(settings?.isStrict ?? false),
                let before = try keptIfThere((settings ?? DaemonSettings()).database, now: now),
                !before.daemon.isStrict
            else { throw error }
            return Choice(loaded: before, refusal: "\(error)", isCompared: true)
        }
    }

    /// Compares files that were loaded while the ledger could not be read with those before.
    ///
    /// - Parameters:
    ///   - loaded: what the daemon is about to start on.
    ///   - now: for warnings of calendars that are about to end.
    /// - Throws: `ConfigRejected` if they say less: another start finds the last accepted ones; a
    ///   passing `StoreError` if the ledger can't be read again.
    package func compare(_ loaded: LoadedConfiguration, now: Instant) throws {
        if let before = try kept(in: loaded.daemon.database, now: now),
            let objection = loaded.objection(after: before)
        {
            throw ConfigRejected(objection: objection, path: path)
        }
    }

    /// On a host without a ledger nothing was kept, and a restart would bring nothing.
    private func keptIfThere(_ database: String, now: Instant) throws -> LoadedConfiguration? {
        do {
            return try kept(in: database, now: now)
        } catch let error as StoreError where error.kind == .access {
            return nil
        }
    }

    /// What this very file held when it was last accepted for this database; a copy that was put back
    /// is of an unknown time, and another daemon's config is not ours to run.
    private func kept(in database: String, now: Instant) throws -> LoadedConfiguration? {
        let found: LedgerReader.KeptConfiguration?
        do {
            found = try LedgerReader(path: database, takesOlder: true).runningConfiguration()
        } catch let error as StoreError where error.isPassing {
            throw error
        } catch {
            return nil
        }
        guard let found, found.files.first?.path == path else { return nil }
        let files = found.files.map { SourceFile(path: $0.path, bytes: Array($0.content.utf8)) }
        let loaded = try? ConfigurationLoader(host: KeptFiles(files, over: host))
            .load(path, secrets: .awaited, now: now)
        return loaded?.daemon.database == database ? loaded : nil
    }
}
