import ArgumentParser
import Console
import JSON
import Store

/// `carillon backup`: a copy of the ledger, from which a daemon can be restored.
struct Backup: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a checked copy of the database to a new file.",
        discussion: """
            Safe while the daemon runs, which cp is not, and with the daemon down. The copy is \
            marked: a daemon that starts on it begins at that moment and sends nothing for earlier \
            instants, since their runs may have been started after the backup was made.

            To restore: stop the daemon, put the copy in the database's place (remove the old -wal \
            and -shm files beside it), give it the daemon's owner, start the daemon.

              carillon backup /var/backups/carillon-2026-06-15.db
            """)

    @OptionGroup var ledger: LedgerOptions

    @Argument(help: ArgumentHelp("The new file.", valueName: "FILE"))
    var file: String

    func run(in environment: CommandEnvironment) async throws {
        guard !file.isEmpty, !file.utf8.contains(0) else {
            throw CommandFailure(.usage, "FILE is empty")
        }
        let path = try ledger.path(environment)
        let reader = try ledger.open(environment)
        do {
            try reader.backup(to: file)
        } catch let error as StoreError {
            throw CommandFailure(.failed, "\(error)")
        }
        guard !ledger.json else {
            return environment.line(
                JSONText.object([
                    .init("database", .string(path)), .init("backup", .string(file)),
                ]).text)
        }
        environment.line(
            "\(Printable.escaped(file)): a copy of \(Printable.escaped(path)), checked and marked; "
                + "a daemon that starts on it sends nothing for earlier instants")
    }
}
