import ArgumentParser
import Console
import JSON
import Store

/// `carillon config`: what the daemon runs on, and how it came to be.
struct ConfigCommand: CarillonCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Show the configuration that the daemon runs on, and compare it with the files.",
        discussion: """
            The ledger keeps the files of the last 50 configurations that were accepted.

              carillon config show                what runs now
              carillon config diff                what the files on disk would change in it, by line
              carillon config revisions           each configuration that was in force
            """,
        subcommands: [ConfigShow.self, ConfigDiff.self, ConfigRevisions.self],
        defaultSubcommand: ConfigShow.self)

    func run(in environment: CommandEnvironment) async throws {}
}

/// `carillon config show`: the files as they were accepted.
struct ConfigShow: CarillonCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print the files that the daemon runs on, as they were accepted.",
        discussion: "What stands on disk may be newer, or refused: carillon config diff tells.")

    @OptionGroup var ledger: LedgerOptions

    @Option(help: ArgumentHelp("The number of an earlier one.", valueName: "number"))
    var revision: Int64?

    func run(in environment: CommandEnvironment) async throws {
        let kept = try ConfigHistory.kept(revision, in: try ledger.open(environment))
        if ledger.json {
            let files = kept.files.map { file in
                JSONText.object([
                    .init("path", .string(file.path)), .init("content", .string(file.content)),
                ])
            }
            return environment.line(
                JSONText.object([
                    .init("revision_id", .integer(kept.revisionID)),
                    .init("applied_at", .string(kept.appliedAt.iso8601)),
                    .init("content_hash", .string(kept.contentHash)),
                    .init("files", .array(files)),
                ]).text)
        }
        environment.line(
            "# revision \(kept.revisionID), in force since \(kept.appliedAt.iso8601)")
        for file in kept.files {
            environment.line("# \(Printable.escaped(file.path))")
            for line in file.content.split(separator: "\n", omittingEmptySubsequences: false) {
                environment.line(Printable.escaped(String(line)))
            }
        }
    }
}

/// `carillon config diff`: by line.
struct ConfigDiff: CarillonCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Compare the files that the daemon runs on with those on disk, line by line.",
        discussion: """
            Lines with - are in what runs, lines with + on disk. carillon plan says what that means \
            for the schedules. Between two earlier ones:

              carillon config diff --from 3 --to 5
            """)

    @OptionGroup var ledger: LedgerOptions

    @Option(
        help: ArgumentHelp(
            "The number of an earlier one, instead of what runs.", valueName: "number"))
    var from: Int64?

    @Option(
        help: ArgumentHelp(
            "The number of an earlier one, instead of the disk.", valueName: "number"))
    var to: Int64?

    @Flag(help: "End with 1 where there is a difference.")
    var exitCode = false

    func run(in environment: CommandEnvironment) async throws {
        let reader = try ledger.open(environment)
        let old = try ConfigHistory.kept(from, in: reader)
        let new: [(path: String, content: String)]
        if let to {
            new = try ConfigHistory.kept(to, in: reader).files
        } else {
            new = ConfigHistory.onDisk(
                ledger.config ?? ConfigOptions.defaultPath, environment.host)
        }
        let changes = FileDifference.lines(old: old.files, new: new)
        if ledger.json {
            environment.line(
                JSONText.object([
                    .init("from", .integer(old.revisionID)),
                    .init("to", to.map(JSONText.integer) ?? .null),
                    .init("lines", .array(changes.map(JSONText.string))),
                ]).text)
        } else if changes.isEmpty {
            environment.note("no difference")
        }
        for line in ledger.json ? [] : changes {
            let safe = Printable.escaped(line)
            let color: OutputStyle.Color? =
                line.hasPrefix("+") ? .green : line.hasPrefix("-") ? .red : nil
            environment.line(color.map { environment.style.colored(safe, $0) } ?? safe)
        }
        if exitCode, !changes.isEmpty { throw CommandFailure(.failed) }
    }
}

/// `carillon config revisions`: each configuration that was in force.
struct ConfigRevisions: CarillonCommand {
    static let configuration = CommandConfiguration(
        commandName: "revisions",
        abstract:
            "List each configuration that was in force, the newest first, with what it changed.")

    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var list: ListOptions

    @OptionGroup var limit: LimitOption

    func run(in environment: CommandEnvironment) async throws {
        let reader = try ledger.open(environment)
        var filter = LedgerFilter()
        filter.limit = limit.rows
        let columns: [LedgerOutput.Column] = [
            .init("revision_id", "REVISION", isNumber: true),
            .init("applied_at", "IN FORCE SINCE", .relative), .init("applied_while", "AT"),
            .init("schedule", "SCHEDULE", .name), .init("state", "STATE"),
            .init("rule", "RULE", .name), .init("timezone", "ZONE", .name, rank: 1),
            .init("summary", "SUMMARY", .name, rank: 2),
        ]
        try ledger.show(
            try reader.revisions(filter), columns, list, "no configuration was ever in force",
            environment)
    }
}
