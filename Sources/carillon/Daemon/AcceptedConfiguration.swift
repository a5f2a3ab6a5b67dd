package import Config
package import Console
import Engine
import Store
package import Timetable

/// What the daemon starts on: the files on disk, or the last ones that were accepted, since a host
/// without a scheduler is worse than one with yesterday's.
package struct AcceptedConfiguration {
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
    ///   `StoreError` if the ledger can't be asked just now.
    package func load(
        now: Instant
    ) throws -> (loaded: LoadedConfiguration, refusal: String?) {
        let loader = ConfigurationLoader(host: host)
        do {
            let loaded = try loader.load(path, secrets: .awaited, now: now)
            guard let before = try kept(in: loaded.daemon.database, now: now),
                let objection = loaded.objection(after: before)
            else { return (loaded, nil) }
            if isStrict || loaded.daemon.isStrict {
                throw ConfigRejected(objection: objection, path: path)
            }
            return (before, objection)
        } catch let error as ConfigRejected {
            let settings = try? loader.daemonSettings(path)
            guard !isStrict, !(settings?.isStrict ?? false),
                let before = try kept(in: (settings ?? DaemonSettings()).database, now: now),
                !before.daemon.isStrict
            else { throw error }
            return (before, "\(error)")
        }
    }

    /// What this very file held when it was last accepted for this database; a copy that was put back
    /// is of an unknown time, and another daemon's config is not ours to run.
    private func kept(in database: String, now: Instant) throws -> LoadedConfiguration? {
        let found: LedgerReader.KeptConfiguration?
        do {
            found = try LedgerReader(path: database, takesOlder: true).runningConfiguration()
        } catch let error as StoreError
            where error.isPassing && error.kind != .access
        {
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
