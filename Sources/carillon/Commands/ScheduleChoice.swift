import ArgumentParser
import Config
import Console
import JSON
import Store

/// A schedule's name, or `--tag`.
struct ScheduleOrTag: ParsableArguments {
    @Argument(
        help: ArgumentHelp("The schedule.", valueName: "schedule"),
        completion: .schedules)
    var schedule: String?

    @Option(
        help: ArgumentHelp("The schedules that carry this tag now.", valueName: "tag"),
        completion: .tags)
    var tag: String?

    mutating func validate() throws {
        guard (schedule != nil) != (tag != nil) else {
            throw ValidationError("Give a schedule or --tag.")
        }
    }
}

extension ControlOptions {
    /// Sends a message for one schedule, for all, or for each that carries a tag, and prints the answers.
    ///
    /// Of several, one that is refused holds up none of the others.
    ///
    /// - Parameters:
    ///   - schedule: the one that is meant; nil: all, unless a tag is given.
    ///   - tag: those that carry it now are meant.
    ///   - environment: where it prints.
    ///   - status: with a tag, answers with this exit code are no failure if another schedule has done it.
    ///   - uuid: of a command that may be repeated; with a tag each schedule's is made of it.
    ///   - message: the message for a schedule.
    /// - Returns: the answers with exit code 0.
    /// - Throws: `CommandFailure` with the exit code of the first that was refused.
    @discardableResult
    func perform(
        _ schedule: String?, tag: String?, _ environment: CommandEnvironment,
        leavingOut status: ExitStatus? = nil, uuid: String? = nil,
        message: (String?) throws -> ControlMessage
    ) async throws -> [ControlAnswer] {
        guard let tag else {
            var message = try message(schedule)
            message.uuid = uuid
            return [try await perform(message, environment)]
        }
        let names = try schedules(tag: tag, environment)
        // All before the first is sent: a mistake in the words stops none of them halfway.
        let messages = try names.map { name in
            var message = try message(name)
            message.uuid = uuid.map { "\($0)/\(name)" }
            return message
        }
        let answers = try await ask(names, messages, environment, uuid)
        let done = answers.filter { $0.exitCode == 0 }
        let refused = answers.filter { answer in
            answer.exitCode != 0 && !(done.count > 0 && answer.exitCode == status?.rawValue)
        }
        if let first = refused.first {
            let words =
                "\(Words.count(refused.count, "schedule")) of \(names.count) with the tag "
                + "\"\(Printable.escaped(tag, limit: 60))\" refused it"
            throw CommandFailure(
                ExitStatus(rawValue: first.exitCode) ?? .failed,
                // A program that repeats a command of starts must know its UUID, too.
                json && uuid == nil ? "" : words + ControlClient.advice(uuid, isOfAll: true))
        }
        return done
    }

    /// Sends one message after another, and prints each answer as it comes.
    private func ask(
        _ names: [String], _ messages: [ControlMessage], _ environment: CommandEnvironment,
        _ uuid: String?
    ) async throws -> [ControlAnswer] {
        var answers: [ControlAnswer] = []
        defer {
            if json {
                environment.write(
                    JSONText.lines(zip(names, answers).map { Self.json($1, schedule: $0) }))
            }
        }
        for (name, message) in zip(names, messages) {
            do {
                let answer = try await send(message, environment, isOneOfSeveral: true)
                answers.append(answer)
                guard !json else { continue }
                let line = "\(Printable.escaped(name)): \(Self.lines(answer.message))"
                if answer.exitCode == 0 { environment.line(line) } else { environment.note(line) }
            } catch var failure as CommandFailure {
                let rest = names.dropFirst(answers.count + 1)
                failure.message =
                    "\(Printable.escaped(name)): \(failure.message)"
                    + (rest.isEmpty ? "" : "; not asked: \(Self.list(rest))")
                    + ControlClient.advice(uuid, isOfAll: true)
                throw failure
            }
        }
        return answers
    }

    private static func list(_ names: ArraySlice<String>) -> String {
        let shown = names.prefix(20).map { Printable.escaped($0, limit: 100) }
        return shown.joined(separator: ", ")
            + (names.count > shown.count ? " and \(names.count - shown.count) more" : "")
    }

    /// The schedules that carry a tag, by name.
    private func schedules(tag: String, _ environment: CommandEnvironment) throws -> [String] {
        let tags = try ledger(environment).tags()
        let names = tags.filter { $0.value.contains(tag) }.keys.sorted()
        try TagChoice.check(tag, among: tags.values.joined())
        return names
    }
}
