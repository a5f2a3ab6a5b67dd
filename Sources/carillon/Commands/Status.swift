import ArgumentParser
import Console
import JSON
import Store
import Synchronization
import Timetable

/// `carillon status`: the daemon and what is open, on one page.
struct Status: CarillonCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the daemon, what is open, and what stands in the way.",
        discussion: """
            Reads the database, so it works with the daemon down and says so. Ends with 0 as long \
            as the database can be read.

              carillon status --watch
            """)

    @OptionGroup var ledger: LedgerOptions

    @Flag(help: "Show it again every two seconds, until interrupted.")
    var watch = false

    private static let watchMilliseconds: Int64 = 2_000

    func run(in environment: CommandEnvironment) async throws {
        guard watch else { return try await show(environment) }
        while !Task.isCancelled {
            // The whole page at once, so that a terminal doesn't flicker.
            let page = Page()
            var inner = environment
            inner.write = { piece in page.text.withLock { $0 += piece } }
            try await show(inner)
            let isTerminal = environment.style.width != nil
            environment.write((isTerminal ? "\u{1B}[H\u{1B}[2J" : "") + page.text.withLock { $0 })
            await environment.sleep(Self.watchMilliseconds)
        }
    }

    /// What is written in one round.
    private final class Page: Sendable {
        let text = Mutex("")
    }

    private func show(_ environment: CommandEnvironment) async throws {
        let path = try ledger.path(environment)
        let reader = try await open(environment)
        let status = try reader.status()
        let connections = try reader.connections()
        let isRecorded = status.showsRunningDaemon(environment.host)
        let (answers, trouble) = await ask(environment, isRecorded: isRecorded)
        let isRunning = isRecorded || answers
        if ledger.json {
            var members: [JSONText.Member] = [.init("running", .boolean(isRunning))]
            if !status.rows.isEmpty, case .object(let columns) = LedgerOutput.object(status, row: 0)
            {
                members += columns
            }
            let list = connections.rows.indices.map { LedgerOutput.object(connections, row: $0) }
            members.append(.init("trouble", trouble.map(JSONText.string) ?? .null))
            members.append(.init("database", .string(path)))
            members.append(.init("connections", .array(list)))
            return environment.line(JSONText.object(members).text)
        }
        for fact in DaemonState(status).facts(
            isRecorded: isRecorded, answers: answers, trouble: trouble, database: path)
        {
            environment.line(LedgerOutput.fact(fact.title, fact.text, environment.style))
        }
        guard !connections.rows.isEmpty else { return }
        environment.line()
        environment.write(
            LedgerOutput.text(
                connections,
                [
                    .init("connection", "CONNECTION", .name),
                    .init("base_url", "API", .name, rank: 1),
                    .init("breaker", "BREAKER"),
                    .init("blocked_until_at", "BLOCKED UNTIL", .relative),
                    .init("credential_bad_since_at", "BAD CREDENTIAL SINCE", .relative),
                    .init("clock_skew_seconds", "CLOCK AHEAD (s)", isNumber: true, rank: 2),
                    .init("requests_sent", "REQUESTS", isNumber: true, rank: 3),
                ], environment.style, now: environment.now()))
    }

    private func open(_ environment: CommandEnvironment) async throws -> LedgerReader {
        do {
            return try ledger.open(environment)
        } catch let failure as CommandFailure {
            // A daemon that waits for a restart works on another ledger than the config names.
            guard let words = await ask(environment, isRecorded: false).trouble else {
                throw failure
            }
            throw CommandFailure(failure.status, failure.message + "; the daemon says: " + words)
        }
    }

    /// Asks the daemon what only it can say: a full disk leaves no room to write that it is full, nor
    /// that the daemon was started.
    private func ask(
        _ environment: CommandEnvironment, isRecorded: Bool
    ) async -> (answers: Bool, trouble: String?) {
        guard let socket = try? ledger.controlSocket(environment) else { return (false, nil) }
        do {
            let answer = try await ControlClient(
                socketPath: socket, host: environment.host, timeoutSeconds: 5
            ).send(ControlMessage(verb: "ping"))
            return (true, answer.message == ControlAnswer.alive ? nil : answer.message)
        } catch {
            // Who may read the ledger need not be allowed to use the socket, and a daemon that is
            // down is no trouble that hasn't been said.
            let isForbidden = (error as? CommandFailure)?.isForbidden ?? false
            return (false, isForbidden || !isRecorded ? nil : "\(error)")
        }
    }
}
