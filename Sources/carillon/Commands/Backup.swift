import ArgumentParser
import Console
import JSON
import Store

/// `carillon backup`: a copy of the ledger, from which a daemon can be restored.
struct Backup: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a checked copy of the database to a new file, or into a folder of them.",
        discussion: """
            Safe while the daemon runs, which cp is not, and with the daemon down. The copy is \
            marked: a daemon that starts on it begins at that moment and sends nothing for earlier \
            instants, since their runs may have been started after the backup was made.

              carillon backup /var/backups/carillon-2026-06-15.db
              carillon backup --keep 14 /var/backups/carillon      a new file there, the last 14 stay
              carillon restore FILE                                puts one back
            """)

    @OptionGroup var ledger: LedgerOptions

    @Option(
        help: ArgumentHelp(
            "FILE is a folder: write a file named after the time, and keep so many of them.",
            valueName: "number"))
    var keep: Int?

    // Shown when the daemon shares its ledger.
    @Flag(
        help: ArgumentHelp(
            "A copy for another host of the cluster, not one to go back to.",
            visibility: .hidden))
    var member = false

    @Argument(help: ArgumentHelp("The new file, or the folder with --keep.", valueName: "FILE"))
    var file: String

    mutating func validate() throws {
        if let keep, !(1...10_000).contains(keep) {
            throw ValidationError("--keep must be 1 to 10000.")
        }
        if keep != nil, member {
            throw ValidationError("--member writes one file: give its name, without --keep.")
        }
    }

    func run(in environment: CommandEnvironment) async throws {
        guard !file.isEmpty, !file.utf8.contains(0) else {
            throw CommandFailure(.usage, "FILE is empty")
        }
        let path = try ledger.path(environment)
        let reader = try ledger.open(environment)
        let (target, removed): (String, [String])
        do {
            if let keep {
                (target, removed) = try BackupFolder(file)
                    .add(from: reader, at: environment.now(), keeping: keep, environment.host)
            } else {
                try reader.backup(to: file, as: member ? .member : .marked)
                (target, removed) = (file, [])
            }
        } catch let error as StoreError {
            throw CommandFailure(.failed, "\(error)")
        } catch let error as HostFileFailure {
            throw CommandFailure(.failed, "cannot read \(file): \(error.reason)")
        }
        guard !ledger.json else {
            var members: [JSONText.Member] = [
                .init("database", .string(path)), .init("backup", .string(target)),
            ]
            if keep != nil {
                members.append(.init("removed", .array(removed.map(JSONText.string))))
            }
            return environment.line(JSONText.object(members).text)
        }
        environment.line(
            "\(Printable.escaped(target)): a copy of \(Printable.escaped(path)), checked and "
                + (member
                    ? "for one other host of the cluster; put it there by: carillon restore FILE"
                    : "marked; a daemon that starts on it sends nothing for earlier instants")
                + (removed.isEmpty ? "" : "; \(Words.count(removed.count, "older file")) removed"))
    }
}

/// `carillon restore`: a backup in the place of the database.
struct Restore: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put a backup in the place of the database; the present one is kept beside it.",
        discussion: """
            Stop the daemon first; while it runs, nothing is changed and the command ends with 4. \
            The daemon that starts on the backup sends nothing for instants before that start, looks \
            for runs that were started since the backup, and holds slots that it can't be sure of.

              systemctl stop carillon
              carillon restore /var/backups/carillon/carillon-20260615T000000Z.db
              systemctl start carillon
            """)

    @OptionGroup var ledger: LedgerOptions

    @Argument(
        help: ArgumentHelp("The backup, a file that carillon backup made.", valueName: "FILE"))
    var file: String

    func run(in environment: CommandEnvironment) async throws {
        let path = try ledger.path(environment)
        let kept = path + ".before-restore-" + BackupFolder.stamp(environment.now())
        let (isKept, kind): (Bool, BackupKind)
        do {
            (isKept, kind) = try Restoration.restore(
                file, over: path, keepingAs: kept, pid: SystemProcess.id)
        } catch let error as StoreError where error.kind == .alreadyRunning {
            throw CommandFailure(.conflict, "\(error): systemctl stop carillon")
        } catch let error as StoreError {
            throw CommandFailure(.failed, "\(error)")
        }
        guard !ledger.json else {
            return environment.line(
                JSONText.object([
                    .init("database", .string(path)), .init("backup", .string(file)),
                    .init("kept", isKept ? .string(kept) : .null),
                ]).text)
        }
        environment.line(
            "\(Printable.escaped(path)) is \(Printable.escaped(file)) now"
                + (isKept ? "; the one before is \(Printable.escaped(kept))" : "")
                + (kind == .member ? "; it follows the cluster's log from its place on" : "")
                + "; go on with: systemctl start carillon")
    }
}
