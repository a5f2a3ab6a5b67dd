import Engine
import Synchronization

/// Where commands wait for the scheduler's replies.
final class ReplyDesk: Sendable {
    private struct State {
        var nextID: UInt64 = 1
        var waiting: [UInt64: CheckedContinuation<CommandReply, Never>] = [:]
        var isClosed = false
    }
    private let state = Mutex(State())
    private static let waitingMax = 256

    /// Sends a command and returns its reply.
    ///
    /// - Parameter send: Hands the command over under the id that its reply will carry.
    /// - Returns: The reply.
    func ask(_ send: (UInt64) -> Void) async -> CommandReply {
        await withCheckedContinuation { continuation in
            let id: UInt64? = state.withLock { state in
                guard !state.isClosed, state.waiting.count < Self.waitingMax else { return nil }
                defer { state.nextID += 1 }
                state.waiting[state.nextID] = continuation
                return state.nextID
            }
            guard let id else {
                return continuation.resume(
                    returning: CommandReply(
                        exitCode: 75, message: "the daemon is busy or stopping, try again later"))
            }
            send(id)
        }
    }

    /// Hands a reply to whoever waits for it.
    func reply(_ id: UInt64, _ reply: CommandReply) {
        state.withLock { $0.waiting.removeValue(forKey: id) }?.resume(returning: reply)
    }

    /// Answers all that still wait: the scheduler has ended.
    func close() {
        let waiting = state.withLock { state in
            state.isClosed = true
            defer { state.waiting = [:] }
            return state.waiting
        }
        for continuation in waiting.values {
            continuation.resume(
                returning: CommandReply(exitCode: 75, message: "the daemon is being stopped"))
        }
    }
}
