import Config
import Dashboard
import Engine
import Foundation
import Store

/// What the control socket's commands do.
struct ControlDesk: Sendable {
    let inbox: Inbox
    let desk: ReplyDesk
    let reloader: Reloader
    let database: String
    /// Why turns can't be written, in words; nil: they can.
    let failure: @Sendable () -> String?
    /// What a restart is needed for, in words.
    let pendingRestart: @Sendable () -> String?

    /// Performs a command of a person.
    func perform(_ request: ControlRequest) async -> ControlResponse {
        let reply: CommandReply
        do {
            let message = try JSONDecoder().decode(ControlMessage.self, from: Data(request.command))
            reply = named(
                try await perform(message, actor: SystemUsers.name(of: request.peerUID)), message)
        } catch {
            reply = CommandReply(exitCode: 2, message: "the command can't be read: \(error)")
        }
        let answer = ControlAnswer(
            exitCode: reply.exitCode, message: reply.message, slotID: reply.slotID)
        let body = (try? JSONEncoder().encode(answer)).map(Array.init) ?? []
        return ControlResponse(status: Self.status(reply.exitCode), body: body)
    }

    private func perform(_ message: ControlMessage, actor: String) async throws -> CommandReply {
        if let command = try message.command() {
            return await desk.ask { id in
                inbox.post(.command(id: id, command, actor: actor))
            }
        }
        if message.verb == "reload" { return await reloader.reload(actor: actor) }
        // Answered by the daemon itself: on a full disk the ledger can't say that it is full.
        return failure().map { CommandReply(exitCode: 75, message: "nothing is sent: \($0)") }
            ?? CommandReply(exitCode: 0, message: pendingRestart() ?? ControlAnswer.alive)
    }

    /// Adds the name that was probably meant where there is none of that name.
    private func named(_ reply: CommandReply, _ message: ControlMessage) -> CommandReply {
        guard reply.exitCode == 3, let reader = try? LedgerReader(path: database) else {
            return reply
        }
        var reply = reply
        if let word = message.schedule, let known = try? reader.knownSchedules().map(\.name),
            !known.contains(word)
        {
            reply.message += NearestName.hint(word, in: known)
        }
        if let word = message.connection, let table = try? reader.connections() {
            let known = table.rows.indices.compactMap { table.value("connection", row: $0).words }
            if !known.contains(word) { reply.message += NearestName.hint(word, in: known) }
        }
        return reply
    }

    private static func status(_ exitCode: Int32) -> Int {
        switch exitCode {
        case 0: 200
        case 2: 400
        case 3: 404
        case 4: 409
        default: 503
        }
    }
}
