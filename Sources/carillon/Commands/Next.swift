import ArgumentParser
import Config
import Console
import Engine
import JSON
import Store
import Timetable

/// `carillon next`: when schedules or expressions fire.
struct Next: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show when schedules, or a cron expression, fire next.",
        discussion: """
            Three forms:

              carillon next [SCHEDULE] [-n 10] [--from TIME]
                  the next fire times of one schedule, or of all of them in order of time
              carillon next --cron '30 2 * * *' --timezone Europe/Berlin -n 5
                  the same for an expression; needs no config
              carillon next --stdin
                  a filter: reads lines EXPR<TAB>ZONE<TAB>FROM<TAB>N and writes for each a line \
            with the next N instants in UTC, strictly after FROM, joined by commas (fewer where \
            there are no more), or "error: …" for a line that can't be read

            Times are shown in the schedule's zone and in UTC. Notes tell of clock changes, \
            holidays, spread, and whether a run that takes as long as usual misses its deadline. \
            TIME is ISO 8601 with an offset, or local in the schedule's zone.
            """)

    @OptionGroup var options: ConfigOptions

    @Argument(
        help: ArgumentHelp("Only this schedule.", valueName: "schedule"),
        completion: .schedules)
    var schedule: String?

    // Unconditional, so that a negative number gets its own sentence.
    @Option(
        name: [.customShort("n"), .customLong("count")], parsing: .unconditional,
        help: "How many fire times.")
    var count = 10

    @Option(help: ArgumentHelp("Start here instead of now.", valueName: "time"))
    var from: String?

    @Option(help: ArgumentHelp("A cron expression instead of a schedule.", valueName: "expr"))
    var cron: String?

    @Option(help: ArgumentHelp("The zone of --cron.", valueName: "zone"))
    var timezone: String?

    @Flag(help: "Read expressions from the standard input, one a line.")
    var stdin = false

    @Flag(help: "Print JSON, one fire time a line.")
    var json = false

    mutating func validate() throws {
        guard (1...100_000).contains(count) else {
            throw ValidationError("-n must be 1 to 100000.")
        }
        if stdin, cron != nil || schedule != nil || from != nil || timezone != nil {
            throw ValidationError("--stdin takes everything from its lines; give it alone.")
        }
        if cron != nil, schedule != nil {
            throw ValidationError("Give a schedule or --cron, not both.")
        }
        if timezone != nil, cron == nil {
            throw ValidationError("--timezone belongs to --cron; a schedule has its own zone.")
        }
    }

    func run(in environment: CommandEnvironment) async throws {
        if stdin { return NextFilter(environment).run() }
        let rows: [ScheduleTimes.Row]
        if let cron {
            rows = try ofExpression(cron, environment)
        } else {
            rows = try ofSchedules(environment)
        }
        if json { return environment.write(JSONText.lines(rows.map(jsonRow))) }
        // What there is to say has been said.
        guard !rows.isEmpty else { return }
        var table = TextTable([.init("LOCAL"), .init("UTC"), .init("NOTES")])
        let isMixed = cron == nil && schedule == nil
        if isMixed { table.columns.insert(.init("SCHEDULE"), at: 0) }
        for row in rows {
            var cells: [TextTable.Cell] = [
                .init(row.local), .init(row.at.iso8601), .init(row.note, color: color(row)),
            ]
            if isMixed { cells.insert(.init(row.schedule), at: 0) }
            table.add(cells)
        }
        environment.write(table.text(environment.style))
    }

    private func ofExpression(
        _ text: String, _ environment: CommandEnvironment
    ) throws -> [ScheduleTimes.Row] {
        let rule = try ExpressionRule.make(
            text, timezone: timezone, zones: ZoneShelf(environment.host)
        ).mapError { CommandFailure(.usage, $0.message) }.get()
        let start = try start(environment, zone: rule.zone)
        let rows = ScheduleTimes.rows(rule.rule, after: start, count: count)
        if rows.isEmpty {
            environment.note(
                Printable.escaped(text, limit: 200) + " "
                    + ScheduleTimes.silence(rule.rule, after: start))
        }
        return rows
    }

    private func ofSchedules(_ environment: CommandEnvironment) throws -> [ScheduleTimes.Row] {
        let loaded = try options.load(environment)
        // The rule needs no ledger: without one nothing is known of runs, and that is all.
        let reader = try? LedgerReader(path: loaded.daemon.database)
        let usual = { (schedule: Schedule) in reader.flatMap { schedule.usualMilliseconds(in: $0) }
        }
        guard let name = schedule else {
            let rows = ScheduleTimes.rows(
                loaded.engine.schedules, after: try start(environment, zone: nil), count: count,
                usual: usual)
            return ScheduleTimes.warned(
                ScheduleTimes.limited(rows, loaded.engine.schedules, reader), loaded.engine)
        }
        guard let found = loaded.schedule(name) else {
            throw ScheduleName.unknown(name, among: loaded.engine.schedules.map(\.name))
        }
        let start = try start(environment, zone: found.zone)
        let rows = ScheduleTimes.limited(
            ScheduleTimes.rows(found, after: start, count: count, usual: usual(found)), [found],
            reader)
        if !found.enabled { environment.note("\(name) is disabled: none of these will start") }
        if rows.isEmpty {
            environment.note("\(name): \(ScheduleTimes.nextText(found, after: start))")
        }
        return ScheduleTimes.warned(rows, loaded.engine)
    }

    private func start(_ environment: CommandEnvironment, zone: Zone?) throws -> Instant {
        guard let from else { return environment.now() }
        return try TimeArgument.parse(from, zone: zone).said("--from", from)
    }

    private func color(_ row: ScheduleTimes.Row) -> OutputStyle.Color? {
        if case .run = row.decision { nil } else { .yellow }
    }

    private func jsonRow(_ row: ScheduleTimes.Row) -> JSONText {
        let decision: String =
            switch row.decision {
            case .run: "run"
            case .skipped: "skipped"
            case .coalesced: "coalesced"
            }
        var members: [JSONText.Member] = [
            .init("slot_at", .string(row.at.iso8601)), .init("slot_local", .string(row.local)),
            .init("decision", .string(decision)),
            .init("note", row.note.isEmpty ? .null : .string(row.note)),
        ]
        if cron == nil { members.insert(.init("schedule", .string(row.schedule)), at: 0) }
        return .object(members)
    }
}
