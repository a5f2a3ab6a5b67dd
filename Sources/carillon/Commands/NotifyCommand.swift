import ArgumentParser
import Config
import Console
import Engine
import Notices
import Store

/// `carillon notify`: what has to do with targets of messages.
struct NotifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "notify",
        abstract: "Try the targets that messages go to.",
        subcommands: [NotifyTest.self])
}

/// `carillon notify test`: one message, now, to one target.
struct NotifyTest: CarillonCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Send a test message to a target and say what it answered.",
        discussion: """
            Reads the config and sends at once, without the daemon: quiet hours and digests don't \
            matter. Root finds the credentials of the service while it runs:

              sudo carillon notify test ops

            Ends with 0 if the target has taken it, and with 75 if not.
            """)

    @OptionGroup var options: ConfigOptions

    @Argument(help: ArgumentHelp("A target, [notify.NAME] in the config.", valueName: "name"))
    var name: String

    func run(in environment: CommandEnvironment) async throws {
        let loaded = try options.load(environment)
        guard loaded.notify[name] != nil else {
            let known = loaded.notify.keys.sorted()
            throw CommandFailure(
                .notFound,
                "no target \"\(Printable.escaped(name, limit: 100))\" in \(options.config)"
                    + (known.isEmpty
                        ? "; there is none: write [notify.\(Printable.escaped(name, limit: 100))]"
                        : NearestName.hint(name, in: known)))
        }
        let courier = Courier(host: environment.host, clock: SystemClock())
        courier.adopt(loaded)
        let now = environment.now()
        let outcome = await courier.deliver(
            .test(target: name, id: "\(now.milliseconds)-test", now: now))
        await courier.shutdown()
        switch outcome {
        case .taken: environment.line("\(name) has taken the message")
        case .failed(let reason, _):
            throw CommandFailure(.tryLater, "\(name) has not taken the message: \(reason)")
        }
    }
}

/// `carillon notifications`: messages and what became of them.
struct Notifications: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "List messages to targets and what became of them, the newest first.",
        discussion: """
            A message is sent again until its target has taken it, for a day; a target that has seen \
            its id may drop it.

              carillon notifications --target ops --since yesterday
              carillon notifications gl-refresh --json
            """)

    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var list: ListOptions
    @OptionGroup var filter: FilterOptions
    @OptionGroup var scope: ScopeOptions

    @Option(help: ArgumentHelp("Only messages to this target.", valueName: "name"))
    var target: String?

    func run(in environment: CommandEnvironment) async throws {
        let reader = try ledger.open(environment)
        var filter = try filter.filter(reader, environment)
        try scope.narrow(&filter, reader)
        let messages = try reader.deliveries(filter, target: target)
        if let target, messages.rows.isEmpty { try Self.check(target, reader) }
        let columns: [LedgerOutput.Column] = [
            .init("created_at", "MADE", .relative), .init("target", "TARGET", .name),
            .init("state", "STATE"), .init("events", "EVENTS", isNumber: true),
            .init("kinds", "KINDS", .name),
            .init("attempts", "ATTEMPTS", isNumber: true), .init("ended_at", "ENDED", .relative),
            .init("next_attempt_at", "NEXT ATTEMPT", .relative),
            .init("last_error", "LAST ERROR", .name, rank: 1),
        ]
        try ledger.show(messages, columns, list, "no messages", environment)
    }

    /// Refuses a word near a target that has messages: a typo must not look like "nothing was sent".
    ///
    /// Any other may be a target that no message went to yet.
    private static func check(_ target: String, _ reader: LedgerReader) throws {
        let known = try reader.deliveryTargets()
        guard !known.contains(target), NearestName.find(target, in: known) != nil else { return }
        throw CommandFailure(
            .notFound,
            "the ledger has no message to a target \"\(Printable.escaped(target, limit: 60))\""
                + NearestName.hint(target, in: known))
    }
}
