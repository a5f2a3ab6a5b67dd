import Store
import Timetable

/// Rows of `attention` that a person has seen (docs/protocol.md, rule 14).
extension Operator {
    func acknowledge(
        _ id: String, until: Instant?, reason: String, actor: String
    ) throws -> CommandReply {
        if let until, until <= now { return CommandReply(exitCode: 2, message: "--until is past") }
        guard
            let row = try ledger.acknowledge(
                id, until: until, reason: reason, actor: actor, now: now)
        else {
            return .notFound("there is no row \"\(id)\" in attention; see: carillon attention")
        }
        try ledger.audit(
            actor: actor, action: "ack", subject: "\(row.kind) \(row.subject)", reason: reason,
            detail: until.map { "until \($0.iso8601)" } ?? "", now: now)
        let words = until.map { "until \($0.iso8601)" } ?? "until it changes"
        return .done("\(row.kind) \(row.subject) is out of sight \(words)")
    }
}
