import ArgumentParser
import Config
import Console
import JSON
import Store
import Timetable

/// `--config` or `--socket`, for every verb that speaks to the daemon.
struct ControlOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The config file that names the control socket (default: \(ConfigOptions.defaultPath)).",
            valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("The control socket itself.", valueName: "file"))
    var socket: String?

    @Option(
        help: ArgumentHelp(
            "The database, where --socket is given and times or slots are to be looked up.",
            valueName: "file"))
    var database: String?

    @Flag(help: "Print the answer as JSON.")
    var json = false

    /// Sends the message, prints the answer, and fails with the answer's exit code.
    ///
    /// - Returns: The answer, if its exit code is 0.
    @discardableResult
    func perform(
        _ message: ControlMessage, _ environment: CommandEnvironment
    ) async throws -> ControlAnswer {
        let answer = try await send(message, environment)
        if json { environment.line(Self.json(answer, schedule: nil).text) }
        guard answer.exitCode == 0 else {
            let status = ExitStatus(rawValue: answer.exitCode) ?? .failed
            throw CommandFailure(status, json ? "" : Self.lines(answer.message))
        }
        if !json { environment.line(Self.lines(answer.message)) }
        return answer
    }

    /// Sends the message, and prints nothing; of one of several, the caller says how to ask again.
    func send(
        _ message: ControlMessage, _ environment: CommandEnvironment, isOneOfSeveral: Bool = false
    ) async throws -> ControlAnswer {
        var client = ControlClient(
            socketPath: try socketPath(environment), host: environment.host)
        client.isOneOfSeveral = isOneOfSeveral
        var answer = try await client.send(message, environment)
        if answer.exitCode == ExitStatus.tryLater.rawValue {
            // A write that failed may have reached the disk all the same.
            answer.message += client.advice(message.uuid)
        }
        return answer
    }

    static func json(_ answer: ControlAnswer, schedule: String?) -> JSONText {
        var members: [JSONText.Member] = [
            .init("exit_code", .integer(Int64(answer.exitCode))),
            .init("message", .string(answer.message)),
            .init("slot_id", answer.slotID.map(JSONText.integer) ?? .null),
        ]
        if let schedule { members.insert(.init("schedule", .string(schedule)), at: 0) }
        return .object(members)
    }

    /// Opens the ledger, to look up slots and zones.
    func ledger(_ environment: CommandEnvironment) throws -> LedgerReader {
        do {
            let path = try database ?? settings(environment).database
            return try LedgerReader(path: path)
        } catch let error as StoreError {
            throw CommandFailure(.failed, "\(error.advised(by: environment.host))")
        }
    }

    /// The instant that a TIME argument means, local in the schedule's zone if it has no offset.
    func instant(
        _ text: String, schedule: String?, _ option: String, _ environment: CommandEnvironment,
        direction: SpokenTime.Direction = .ahead
    ) throws -> Instant {
        if let instant = Instant(iso8601: text) { return instant }
        guard let schedule else {
            return try SpokenTime.parse(
                text, zone: HostZone.zone(environment.host), now: environment.now(),
                direction: direction
            ).said(option, text)
        }
        return try LedgerTimes(reader: try ledger(environment), environment: environment)
            .instant(text, option, of: schedule, direction)
    }

    /// The instant of a slot of the past, local in the zone that its schedule had then.
    func slot(
        _ text: String, of schedule: String, _ environment: CommandEnvironment
    ) throws -> Instant {
        if let instant = Instant(iso8601: text) { return instant }
        return try LedgerTimes(reader: try ledger(environment), environment: environment)
            .slot(text, of: schedule)
    }

    private func socketPath(_ environment: CommandEnvironment) throws -> String {
        try socket ?? settings(environment).controlSocket
    }

    private func settings(_ environment: CommandEnvironment) throws -> DaemonSettings {
        try ConfigurationLoader(host: environment.host)
            .daemonSettings(config ?? ConfigOptions.defaultPath)
    }

    /// Answers may have several lines (a refused reload lists its errors); each is made safe.
    static func lines(_ message: String) -> String {
        message.split(separator: "\n", omittingEmptySubsequences: false)
            .map { Printable.escaped(String($0)) }.joined(separator: "\n")
    }
}
