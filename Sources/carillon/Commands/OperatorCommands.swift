import ArgumentParser
import Console

/// A schedule's name, `--tag`, or `--all`.
struct ScheduleOrAll: ParsableArguments {
    @Argument(
        help: ArgumentHelp("The schedule.", valueName: "schedule"),
        completion: .schedules)
    var schedule: String?

    @Option(
        help: ArgumentHelp("The schedules that carry this tag now.", valueName: "tag"),
        completion: .tags)
    var tag: String?

    @Flag(help: "All schedules.")
    var all = false

    mutating func validate() throws {
        guard [schedule != nil, tag != nil, all].count(where: { $0 }) == 1 else {
            throw ValidationError("Give a schedule, --tag or --all.")
        }
    }
}

/// `carillon pause`: no starts for a while.
struct Pause: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "Pause a schedule or all of them.",
        discussion: """
            The slots of a paused schedule are recorded as skipped, with the reason; they are not \
            made up for. Runs go on and are followed. Without --until it lasts until resumed.

              carillon pause gl-refresh --until 2026-12-24T18:00 --reason 'year-end freeze'
              carillon pause --tag ledger --until 'monday 06:00'
              carillon pause --all --reason maintenance
            """)

    @OptionGroup var control: ControlOptions
    @OptionGroup var target: ScheduleOrAll

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Until when: tomorrow, 2h from now, 18:00, 2026-12-24T18:00; local to the schedule's "
                + "zone, or to yours with --all.", valueName: "time"))
    var until: String?

    @Option(help: ArgumentHelp("Why, for the ledger.", valueName: "text"))
    var reason: String?

    func run(in environment: CommandEnvironment) async throws {
        try await control.perform(target.schedule, tag: target.tag, environment) { schedule in
            var message = ControlMessage(verb: "pause")
            message.schedule = schedule
            message.until = try until.map {
                try control.instant($0, schedule: schedule, "--until", environment).iso8601
            }
            message.reason = reason
            return message
        }
    }
}

/// `carillon resume`: the end of a pause.
struct Resume: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "End the pause of a schedule; with --all also the end of drain.",
        discussion: "What was skipped meanwhile stays skipped.")

    @OptionGroup var control: ControlOptions
    @OptionGroup var target: ScheduleOrAll

    func run(in environment: CommandEnvironment) async throws {
        try await control.perform(target.schedule, tag: target.tag, environment) { schedule in
            var message = ControlMessage(verb: "resume")
            message.schedule = schedule
            return message
        }
    }
}

/// `carillon skip`: leave out one slot.
struct Skip: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "Leave out one slot of a schedule.",
        discussion: """
            TIME must be one of the schedule's slots (carillon next lists them), with an offset or \
            local in the schedule's zone.

              carillon skip gl-refresh --at 2026-12-24T06:00 --reason 'office closed'
              carillon skip --tag ledger --at 2026-12-24T06:00

            With --tag, schedules that have no slot then are named and left as they are.
            """)

    @OptionGroup var control: ControlOptions
    @OptionGroup var target: ScheduleOrTag

    @Option(help: ArgumentHelp("The slot.", valueName: "time"))
    var at: String

    @Option(help: ArgumentHelp("Why, for the ledger.", valueName: "text"))
    var reason: String?

    func run(in environment: CommandEnvironment) async throws {
        try await control.perform(
            target.schedule, tag: target.tag, environment, leavingOut: .notFound
        ) { schedule in
            var message = ControlMessage(verb: "skip")
            message.schedule = schedule
            message.at = try control.instant(at, schedule: schedule, "--at", environment).iso8601
            message.reason = reason
            return message
        }
    }
}

/// `carillon resolve`: decide what became of a held slot.
struct Resolve: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "Decide on a held slot: its run, start it, or drop it.",
        discussion: """
            A slot is held where Carillon can't know whether its start created a run. Check in \
            Workiva first, then say what you saw:

              carillon resolve 4711 --run 8e1f04…     this is its run
              carillon resolve 4711 --start           there is none: start it
              carillon resolve 4711 --drop            there is none, and none is wanted

            SLOT is a slot's id, or SCHEDULE@TIME.
            """)

    @OptionGroup var control: ControlOptions

    @Argument(help: ArgumentHelp("The slot.", valueName: "slot"))
    var slot: String

    @Option(name: .customLong("run"), help: ArgumentHelp("The run it started.", valueName: "run"))
    var runID: String?

    @Flag(help: "Start it now.")
    var start = false

    @Flag(help: "Drop it.")
    var drop = false

    mutating func validate() throws {
        let decisions = (runID == nil ? 0 : 1) + (start ? 1 : 0) + (drop ? 1 : 0)
        guard decisions == 1 else {
            throw ValidationError("Give exactly one of --run RUN, --start and --drop.")
        }
    }

    func run(in environment: CommandEnvironment) async throws {
        var message = ControlMessage(verb: "resolve")
        message.slot = try slotID(environment)
        message.run = runID
        message.decision = runID != nil ? "run" : start ? "start" : "drop"
        try await control.perform(message, environment)
    }

    private func slotID(_ environment: CommandEnvironment) throws -> Int64 {
        switch try SlotReference(slot) {
        case .id(let id): return id
        case .place(let schedule, let time):
            let at = try control.instant(time, schedule: schedule, "SLOT", environment)
            let slots = try control.ledger(environment).slots(schedule: schedule, at: at)
            return try SlotReference.held(among: slots, of: schedule, at: at)
        }
    }
}

/// `carillon unblock`: lift the rate-limit hints of a connection.
struct Unblock: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lift the rate-limit hints of a connection, and forget learned limits.",
        discussion: """
            Carillon obeys every Retry-After to its end. Lift one only if you know that it was a \
            mistake of the server.
            """)

    @OptionGroup var control: ControlOptions

    @Argument(
        help: ArgumentHelp("The connection.", valueName: "connection"),
        completion: .connections)
    var connection: String

    func run(in environment: CommandEnvironment) async throws {
        var message = ControlMessage(verb: "unblock")
        message.connection = connection
        try await control.perform(message, environment)
    }
}

/// `carillon reload`: take the config files over.
struct Reload: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let the daemon take the config files over, all or nothing.",
        discussion: """
            The daemon reads its own files again; with an error in them it keeps what it has, lists \
            the errors, and the command ends with 2. carillon plan shows beforehand what will \
            change. A secret given as a systemd credential changes only with a restart.
            """)

    @OptionGroup var control: ControlOptions

    func run(in environment: CommandEnvironment) async throws {
        try await control.perform(ControlMessage(verb: "reload"), environment)
    }
}

/// `carillon drain`: no new starts.
struct Drain: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start nothing new; what is in flight ends, runs are followed.",
        discussion: "Undone by: carillon resume --all")

    @OptionGroup var control: ControlOptions

    @Option(help: ArgumentHelp("Why, for the ledger.", valueName: "text"))
    var reason: String?

    func run(in environment: CommandEnvironment) async throws {
        var message = ControlMessage(verb: "drain")
        message.reason = reason
        try await control.perform(message, environment)
    }
}
