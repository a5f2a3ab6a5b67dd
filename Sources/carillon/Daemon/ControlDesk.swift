import Dashboard
import Engine
import Foundation
import Store

/// What the control socket's commands do.
struct ControlDesk: Sendable {
    let inbox: Inbox
    let desk: ReplyDesk
    let reloader: Reloader
    /// Why turns can't be written, in words; nil: they can.
    let failure: @Sendable () -> String?

    /// Performs a command of a person.
    func perform(_ request: ControlRequest) async -> ControlResponse {
        let reply: CommandReply
        do {
            let message = try JSONDecoder().decode(ControlMessage.self, from: Data(request.command))
            reply = try await perform(message, actor: SystemUsers.name(of: request.peerUID))
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
        if message.verb == "reload" { return await reloader.reload() }
        // Answered by the daemon itself: on a full disk the ledger can't say that it is full.
        return failure().map { CommandReply(exitCode: 75, message: "nothing is sent: \($0)") }
            ?? CommandReply(exitCode: 0, message: "alive")
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
