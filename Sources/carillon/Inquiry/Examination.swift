import Config
import Console
import Engine
import Store

/// What `carillon doctor` looks at, one subject after the other.
struct Examination {
    /// How much a finding matters.
    enum Grade: String { case ok, note, warn, bad }

    /// One thing that was looked at.
    struct Finding {
        var subject: String
        var grade: Grade
        var text: String
    }

    /// A log this long isn't checkpointed: the daemon does so at about 4 MiB.
    private static let backupAgeMillisecondsMax: Int64 = 50 * 3_600_000
    private static let walBytesMax: Int64 = 64 << 20
    /// The first SQLite without the race between a checkpoint and the writes of another connection.
    private static let soundVersion = [3, 51, 3]

    let path: String
    let environment: CommandEnvironment

    /// Looks at everything; what depends on something bad is left out.
    func run() async -> [Finding] {
        let (loaded, findings) = config()
        var all = findings
        if let loaded { all += secrets(loaded) }
        all.append(zones(loaded))
        let loader = ConfigurationLoader(host: environment.host)
        guard let settings = loaded?.daemon ?? (try? loader.daemonSettings(path)) else {
            return all
        }
        let (isRunning, ledger) = ledger(settings.database)
        all += ledger
        all.append(backups())
        all.append(await socket(settings.controlSocket, isRunning: isRunning))
        return all
    }

    // MARK: Config

    private func config() -> (LoadedConfiguration?, [Finding]) {
        do {
            let loaded = try ConfigurationLoader(host: environment.host)
                .load(path, now: environment.now())
            let sum =
                "\(path): \(Words.count(loaded.engine.schedules.count, "schedule")), "
                + Words.count(loaded.engine.connections.count, "connection")
            let warnings = loaded.warnings.map {
                Finding(subject: "config", grade: .warn, text: "\($0)")
            }
            return (loaded, [Finding(subject: "config", grade: .ok, text: sum)] + warnings)
        } catch {
            return (
                nil, error.errors.map { Finding(subject: "config", grade: .bad, text: "\($0)") }
            )
        }
    }

    private func secrets(_ loaded: LoadedConfiguration) -> [Finding] {
        loaded.access.sorted { $0.key < $1.key }.flatMap { name, access in
            var references = [access.clientSecret]
            for case .secret(let reference)? in [access.clientID, access.proxy] {
                references.append(reference)
            }
            return references.map { secret($0, of: name) }
        }
    }

    private func secret(_ reference: SecretReference, of connection: String) -> Finding {
        let subject = "secret"
        let prefix = "connection \"\(connection)\", "
        do {
            _ = try reference.resolve(environment.host)
        } catch {
            var isOnlyOurs = error.isOutsideService
            if case .environment = reference { isOnlyOurs = true }
            // What only the service gets can't be judged from here.
            return isOnlyOurs
                ? Finding(
                    subject: subject, grade: .note, text: prefix + "not seen from here: \(error)")
                : Finding(subject: subject, grade: .bad, text: prefix + "\(error)")
        }
        if case .file(let path) = reference, environment.host.isWorldReadable(path) == true {
            return Finding(
                subject: subject, grade: .warn,
                text: prefix + "\(path) can be read by everybody on this host; chmod 0600 \(path)")
        }
        return Finding(subject: subject, grade: .ok, text: prefix + "\(reference) can be read")
    }

    private func zones(_ loaded: LoadedConfiguration?) -> Finding {
        let count = environment.host.zoneNames().count
        guard count > 0 else {
            return Finding(
                subject: "zones", grade: .bad,
                text: "no zone data is installed; apt-get install tzdata")
        }
        let used = Set(loaded?.engine.schedules.map(\.timezone) ?? [])
        let named = used.isEmpty ? "" : "; used: " + Words.and(used.sorted())
        return Finding(
            subject: "zones", grade: .ok, text: Words.count(count, "zone") + " installed" + named)
    }

    // MARK: Database

    private func ledger(_ path: String) -> (isRunning: Bool, [Finding]) {
        do {
            let reader = try LedgerReader(path: path)
            let status = try reader.status()
            let isRunning = status.showsRunningDaemon(environment.host)
            return (
                isRunning,
                [
                    try file(path, reader), wal(path), try version(reader),
                    daemon(status, isRunning), attention(status),
                ]
            )
        } catch {
            let isNew = SystemFiles.bytes(path) == nil && isMissing(error)
            return (
                false,
                [
                    isNew
                        ? Finding(
                            subject: "database", grade: .warn,
                            text: "\(path): not there, or you may not see it; the daemon makes it "
                                + "at its first start")
                        : Finding(subject: "database", grade: .bad, text: "\(error)")
                ]
            )
        }
    }

    private func isMissing(_ error: any Error) -> Bool {
        (error as? StoreError)?.kind == .access
    }

    private func file(_ path: String, _ reader: LedgerReader) throws -> Finding {
        let damages = try reader.damages(limit: 3)
        guard damages.isEmpty else {
            return Finding(
                subject: "database", grade: .bad,
                text:
                    "\(path) is damaged: \(damages.joined(separator: "; ")); stop the daemon, keep "
                    + "the file, restore a backup made by carillon backup")
        }
        let differences = try reader.sumDifferences(limit: 3)
        guard differences.isEmpty else {
            return Finding(
                subject: "database", grade: .bad,
                text:
                    "\(path): daily and /metrics count wrong: \(differences.joined(separator: "; ")); "
                    + "history itself is right; please report this")
        }
        let size = SystemFiles.bytes(path).map { ", " + Self.size($0) } ?? ""
        return Finding(subject: "database", grade: .ok, text: "\(path): sound\(size)")
    }

    private func wal(_ path: String) -> Finding {
        let bytes = SystemFiles.bytes(path + "-wal") ?? 0
        guard bytes > Self.walBytesMax else {
            return Finding(
                subject: "wal", grade: .ok, text: "the write-ahead log has \(Self.size(bytes))")
        }
        return Finding(
            subject: "wal", grade: .warn,
            text: "the write-ahead log has \(Self.size(bytes)): some program reads the database "
                + "without end; find it with fuser -v \(path) and end its query")
    }

    private func version(_ reader: LedgerReader) throws -> Finding {
        let version = LedgerReader.libraryVersion
        let numbers = version.split(separator: ".").compactMap { Int($0) }
        guard numbers.lexicographicallyPrecedes(Self.soundVersion) else {
            return Finding(subject: "sqlite", grade: .ok, text: version)
        }
        return Finding(
            subject: "sqlite", grade: .note,
            text: "\(version); before 3.51.3 a write and a checkpoint of two connections can "
                + "collide, which the daemon avoids by doing both on one: let no other program "
                + "write to the database")
    }

    private func backups() -> Finding {
        let folder = BackupFolder.standard
        let advice =
            "systemctl enable --now carillon-backup.timer, or: carillon backup --keep 14 FOLDER"
        do {
            guard let last = try BackupFolder(folder).times(environment.host).last else {
                return Finding(
                    subject: "backups", grade: .note,
                    text: "none in \(folder); unless they are made elsewhere: \(advice)")
            }
            let age = RelativeTime.text(last, now: environment.now())
            let isOld = environment.now().since(last) > Self.backupAgeMillisecondsMax
            return Finding(
                subject: "backups", grade: isOld ? .warn : .ok,
                text: "the last one in \(folder) was made \(age)" + (isOld ? "; \(advice)" : "")
                    + "; carillon restore puts one back")
        } catch {
            return Finding(
                subject: "backups", grade: .note, text: "\(folder) can't be read: \(error.reason)")
        }
    }

    // MARK: Daemon

    private func daemon(_ status: LedgerTable, _ isRunning: Bool) -> Finding {
        func value(_ column: String) -> String? {
            status.rows.isEmpty ? nil : status.value(column, row: 0).words
        }
        if isRunning {
            let since = value("started_at") ?? "?"
            return Finding(
                subject: "daemon", grade: .ok,
                text: "running, pid \(value("pid") ?? "?"), since \(since)")
        }
        let last = value("last_turn_at").map { "; last turn \($0)" } ?? ""
        return Finding(
            subject: "daemon", grade: .warn,
            text: "not running\(last): nothing is started; systemctl start carillon")
    }

    private func attention(_ status: LedgerTable) -> Finding {
        let count = status.rows.isEmpty ? "0" : status.value("attention", row: 0).words ?? "0"
        return count == "0"
            ? Finding(subject: "attention", grade: .ok, text: "nothing needs a person")
            : Finding(
                subject: "attention", grade: .warn,
                text: "waiting for a person: \(count); see: carillon attention")
    }

    private func socket(_ path: String, isRunning: Bool) async -> Finding {
        do {
            let answer = try await ControlClient(
                socketPath: path, host: environment.host, timeoutSeconds: 5
            ).send(ControlMessage(verb: "ping"))
            // A daemon that can't write lives and answers, but starts nothing.
            return answer.exitCode == 0
                ? Finding(subject: "socket", grade: .ok, text: "the daemon answers at \(path)")
                : Finding(
                    subject: "socket", grade: .bad, text: "the daemon answers: \(answer.message)")
        } catch {
            return isRunning
                ? Finding(subject: "socket", grade: .bad, text: "\(error)")
                : Finding(
                    subject: "socket", grade: .note, text: "nobody answers at \(path)")
        }
    }

    private static func size(_ bytes: Int64) -> String {
        switch bytes {
        case ..<(10 << 10): "\(bytes) bytes"
        case ..<(10 << 20): "\(bytes >> 10) KiB"
        default: "\(bytes >> 20) MiB"
        }
    }
}
