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
    /// - Parameter now: for warnings of calendars that are about to end.
    /// - Returns: the configuration, and why the files on disk are refused.
    /// - Throws: `ConfigRejected` if they are, and there is no other, or only they will do.
    package func load(
        now: Instant
    ) throws(ConfigRejected) -> (loaded: LoadedConfiguration, refusal: String?) {
        let loader = ConfigurationLoader(host: host)
        do {
            return (try loader.load(path, secrets: .awaited, now: now), nil)
        } catch {
            let settings = try? loader.daemonSettings(path)
            guard !isStrict, !(settings?.isStrict ?? false),
                let kept = kept(database: (settings ?? DaemonSettings()).database),
                let loaded = try? ConfigurationLoader(host: KeptFiles(kept, over: host))
                    .load(kept[0].path, secrets: .awaited, now: now),
                !loaded.daemon.isStrict
            else { throw error }
            return (loaded, "\(error)")
        }
    }

    private func kept(database: String) -> [SourceFile]? {
        guard let found = try? LedgerReader(path: database).configuration(), !found.files.isEmpty
        else { return nil }
        return found.files.map { SourceFile(path: $0.path, bytes: Array($0.content.utf8)) }
    }
}
