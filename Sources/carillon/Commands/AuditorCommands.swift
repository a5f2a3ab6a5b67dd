import ArgumentParser
import Config
import Console
import Store

/// `carillon audit`: who did what.
struct Audit: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "List what people and the daemon did that changes what runs, the newest first.",
        discussion: """
            Every trigger, pause, resume, skip, resolve, unblock, drain, prune and reload has a line \
            with the user who asked for it, and so has what the daemon withdrew by itself.

              carillon audit gl-refresh --since -30d
              carillon audit --action pause --actor ann --csv
              carillon audit --tag close

            What was done to all schedules is among a schedule's lines, too.
            """)

    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var list: ListOptions
    @OptionGroup var filter: FilterOptions
    @OptionGroup var scope: ScopeOptions

    @Option(help: ArgumentHelp("Only what this user did.", valueName: "name"))
    var actor: String?

    @Option(help: ArgumentHelp("Only this verb, such as pause.", valueName: "verb"))
    var action: String?

    func run(in environment: CommandEnvironment) async throws {
        let reader = try ledger.open(environment)
        var filter = try filter.filter(reader, environment)
        let known = try reader.auditWords()
        (filter.actor, filter.action) = (actor, action)
        try scope.narrow(&filter, reader)
        let columns: [LedgerOutput.Column] = [
            .init("done_at", "AT", .relative), .init("actor", "WHO", .name),
            .init("action", "ACTION"), .init("subject", "SUBJECT", .name),
            .init("detail", "DETAIL", .name, rank: 1), .init("reason", "REASON", .name),
        ]
        let rows = try reader.audit(filter)
        let hint =
            actor.map { NearestName.hint($0, in: known.actors) }
            ?? action.map { NearestName.hint($0, in: known.actions) } ?? ""
        try ledger.show(
            rows, columns, list, "nothing of that kind was done" + hint, environment)
    }
}

/// `carillon pauses`: what is paused, and who paused it.
struct Pauses: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "List pauses and skips that are in force or still to come.",
        discussion: """
            Each with who asked for it, why, and until when. One of all schedules stands as (all), \
            and has no schedule in JSON and CSV. carillon resume ends a pause.

              carillon pauses
              carillon pauses gl-refresh --all --csv
              carillon pauses --tag close
            """)

    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var list: ListOptions
    @OptionGroup var filter: FilterOptions
    @OptionGroup var scope: ScopeOptions

    @Flag(help: "Also those that are over.")
    var all = false

    func run(in environment: CommandEnvironment) async throws {
        let reader = try ledger.open(environment)
        var filter = try filter.filter(reader, environment)
        try scope.narrow(&filter, reader)
        let columns: [LedgerOutput.Column] = [
            .init("schedule", "SCHEDULE", .name), .init("kind", "KIND"), .init("state", "STATE"),
            .init("from_at", "FROM", .relative), .init("until_at", "UNTIL", .relative),
            .init("requested_by", "BY", .name), .init("lifted_at", "LIFTED", .relative, rank: 1),
            .init("lifted_by", "LIFTED BY", .name, rank: 2), .init("reason", "REASON", .name),
        ]
        var rows = try reader.pauses(filter, isOverToo: all)
        if !ledger.json, !list.csv, let column = rows.columns.firstIndex(of: "schedule") {
            for row in rows.rows.indices where rows.rows[row][column] == .null {
                rows.rows[row][column] = .string("(all)")
            }
        }
        let nothing = all ? "nothing was ever paused" : "nothing is paused"
        try ledger.show(rows, columns, list, nothing, environment)
    }
}
