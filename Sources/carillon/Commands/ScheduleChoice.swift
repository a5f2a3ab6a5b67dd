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

    @Option(help: ArgumentHelp("The schedules that carry this tag now.", valueName: "tag"))
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
    ///   - message: the message for a schedule.
    /// - Returns: the answers with exit code 0.
    /// - Throws: `CommandFailure` with the exit code of the first that was refused.
    @discardableResult
    func perform(
        _ schedule: String?, tag: String?, _ environment: CommandEnvironment,
        leavingOut status: ExitStatus? = nil, message: (String?) throws -> ControlMessage
    ) async throws -> [ControlAnswer] {
        guard let tag else {
            return [try await perform(try message(schedule), environment)]
        }
        let names = try schedules(tag: tag, environment)
        var answers: [(schedule: String, answer: ControlAnswer)] = []
        for name in names {
            let answer = try await send(try message(name), environment)
            answers.append((name, answer))
            if !json {
                let line = "\(Printable.escaped(name)): \(Self.lines(answer.message))"
                if answer.exitCode == 0 { environment.line(line) } else { environment.note(line) }
            }
        }
        if json {
            environment.write(
                JSONText.lines(answers.map { Self.json($0.answer, schedule: $0.schedule) }))
        }
        let done = answers.map(\.answer).filter { $0.exitCode == 0 }
        let refused = answers.map(\.answer).filter { answer in
            answer.exitCode != 0 && !(done.count > 0 && answer.exitCode == status?.rawValue)
        }
        if let first = refused.first {
            throw CommandFailure(
                ExitStatus(rawValue: first.exitCode) ?? .failed,
                json
                    ? ""
                    : "\(Words.count(refused.count, "schedule")) of \(names.count) with the tag "
                        + "\"\(Printable.escaped(tag, limit: 60))\" refused it")
        }
        return done
    }

    /// The schedules that carry a tag, by name.
    private func schedules(tag: String, _ environment: CommandEnvironment) throws -> [String] {
        let tags = try ledger(environment).tags()
        let names = tags.filter { $0.value.contains(tag) }.keys.sorted()
        guard names.isEmpty else { return names }
        let known = Set(tags.values.joined()).sorted()
        throw CommandFailure(
            .notFound,
            "no schedule has the tag \"\(Printable.escaped(tag, limit: 60))\""
                + NearestName.hint(tag, in: known))
    }
}
