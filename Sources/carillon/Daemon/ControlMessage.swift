package import Engine
import Timetable

/// What goes over the control socket: a verb with its words, in JSON.
package struct ControlMessage: Codable, Equatable, Sendable {
    package var verb: String
    package var schedule: String?
    package var uuid: String?
    package var force: Bool?
    package var reason: String?
    /// ISO 8601 with offset.
    package var until: String?
    /// ISO 8601 with offset.
    package var at: String?
    package var slot: Int64?
    package var run: String?
    /// `run`, `start` or `drop`.
    package var decision: String?
    package var connection: String?
    /// ISO 8601 with offset.
    package var from: String?
    /// `backfill` takes slots that were skipped, too.
    package var skipped: Bool?
    /// Of a row of `attention`.
    package var row: String?

    /// Makes a message of a verb without words.
    package init(verb: String) {
        self.verb = verb
    }

    /// The engine's command; nil for `reload` and `ping`, which the daemon does itself.
    ///
    /// - Throws: `ControlMessageError` for a verb or word that is missing or can't be read.
    package func command() throws -> OperatorCommand? {
        switch verb {
        case "trigger":
            return .trigger(
                schedule: try word(schedule, "schedule"), uuid: try word(uuid, "uuid"),
                force: force ?? false, reason: reason ?? "")
        case "make-up":
            // A verb of its own: a daemon of before would start for now.
            guard let slotAt = try instant(at) else { throw ControlMessageError("at is missing") }
            return .makeUp(
                schedule: try word(schedule, "schedule"), slotAt: slotAt,
                uuid: try word(uuid, "uuid"), force: force ?? false, reason: reason ?? "")
        case "backfill":
            guard let from = try instant(from), let through = try instant(until) else {
                throw ControlMessageError("from or until is missing")
            }
            return .backfill(
                schedule: try word(schedule, "schedule"), from: from, through: through,
                takesSkipped: skipped ?? false, reason: reason ?? "")
        case "pause":
            return .pause(schedule: schedule, until: try instant(until), reason: reason ?? "")
        case "resume":
            return .resume(schedule: schedule)
        case "skip":
            guard let at = try instant(at) else { throw ControlMessageError("at is missing") }
            return .skip(schedule: try word(schedule, "schedule"), at: at, reason: reason ?? "")
        case "resolve":
            guard let slot else { throw ControlMessageError("slot is missing") }
            return .resolve(slotID: slot, try resolution())
        case "unblock":
            return .unblock(connection: try word(connection, "connection"))
        case "drain":
            return .drain(reason: reason ?? "")
        case "ack":
            return .acknowledge(
                id: try word(row, "row"), until: try instant(until),
                reason: try word(reason, "reason"))
        case "prune":
            guard let until = try instant(until) else {
                throw ControlMessageError("until is missing")
            }
            return .prune(before: until, reason: reason ?? "")
        case "reload", "ping":
            return nil
        default:
            throw ControlMessageError("unknown verb")
        }
    }

    private func resolution() throws -> Resolution {
        switch decision {
        case "run": .run(id: try word(run, "run"))
        case "start": .start
        case "drop": .drop
        default: throw ControlMessageError("decision is run, start or drop")
        }
    }

    private func word(_ value: String?, _ name: String) throws -> String {
        guard let value, !value.isEmpty, value.utf8.count <= 256 else {
            throw ControlMessageError("\(name) is missing or too long")
        }
        return value
    }

    private func instant(_ text: String?) throws -> Instant? {
        guard let text else { return nil }
        guard let instant = Instant(iso8601: text) else {
            throw ControlMessageError("a time is not ISO 8601 with an offset")
        }
        return instant
    }
}

/// A message that is none.
package struct ControlMessageError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// What comes back: exit code of the verb and a sentence.
package struct ControlAnswer: Codable, Equatable, Sendable {
    /// What a daemon says that has nothing to say.
    static let alive = "alive"

    package var exitCode: Int32
    package var message: String
    package var slotID: Int64?

    package init(exitCode: Int32, message: String, slotID: Int64? = nil) {
        self.exitCode = exitCode
        self.message = message
        self.slotID = slotID
    }
}
