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
        /// Compares the files with those before, once the ledger can be read; nil: that was done.
        ///
        /// Throws `ConfigRejected` if they say less: another start finds the last accepted ones; a
        /// passing `StoreError` if the ledger can't be read again.
        package var compareLater: (@Sendable (_ now: Instant) throws -> Void)?
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
        let loaded: LoadedConfiguration
        do {
            loaded = try loader.load(path, secrets: .awaited, now: now)
        } catch {
            let settings = (try? loader.daemonSettings(path)) ?? DaemonSettings()
            return try instead(
                of: error, "\(error)", isStrict: settings.isStrict,
                keptIfThere(settings.database, now: now))
        }
        do {
            guard let (before, objection) = try objection(to: loaded, now: now) else {
                return Choice(loaded: loaded)
            }
            return try instead(
                of: ConfigRejected(objection: objection, path: path), objection,
                isStrict: loaded.daemon.isStrict, before)
        } catch is StoreError {
            // The daemon waits for its disk, loudly, and must be there to do so.
            var choice = Choice(loaded: loaded)
            choice.compareLater = { now in
                guard let (_, objection) = try objection(to: loaded, now: now) else { return }
                throw ConfigRejected(objection: objection, path: path)
            }
            return choice
        }
    }

    /// What was accepted before, unless nothing but the files on disk will do.
    private func instead(
        of refusal: ConfigRejected, _ words: String, isStrict isMeantStrict: Bool,
        _ before: @autoclosure () throws -> LoadedConfiguration?
    ) throws -> Choice {
        guard !isStrict, !isMeantStrict, let before = try before(), !before.daemon.isStrict else {
            throw refusal
        }
        return Choice(loaded: before, refusal: words)
    }

    /// Why files that read well must not be started on, and what to start on instead.
    private func objection(
        to loaded: LoadedConfiguration, now: Instant
    ) throws -> (before: LoadedConfiguration, words: String)? {
        guard let before = try kept(in: loaded.daemon.database, now: now),
            let words = loaded.objection(after: before)
        else { return nil }
        return (before, words)
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
