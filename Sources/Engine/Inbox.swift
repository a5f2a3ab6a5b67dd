import DequeModule
import Synchronization

/// The only way to the scheduler: a lock, a deque and one wake-up (docs/reliability.md#thread: an
/// AsyncStream hands
/// out one element at a time and knows no deadline).
package final class Inbox: Sendable {
    private struct State {
        var inputs = Deque<Input>()
        var waiter: CheckedContinuation<Void, Never>?
    }
    private let state = Mutex(State())

    /// Makes an empty inbox.
    package init() {}

    /// Puts an input at the end and wakes the scheduler.
    package func post(_ input: Input) {
        let waiter = state.withLock { state in
            state.inputs.append(input)
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Takes the oldest inputs.
    ///
    /// - Parameter max: how many at most.
    /// - Returns: them, in the order of their arrival.
    package func take(max: Int) -> [Input] {
        state.withLock { state in
            let count = min(max, state.inputs.count)
            defer { state.inputs.removeFirst(count) }
            return Array(state.inputs.prefix(count))
        }
    }

    /// How many inputs wait.
    package var count: Int { state.withLock { $0.inputs.count } }

    /// Somebody wants the daemon to stop, and it is to be heard yet.
    var hasStop: Bool {
        state.withLock { state in
            state.inputs.contains { input in
                if case .stop = input { return true }
                return false
            }
        }
    }

    /// Returns once an input waits, or when the task is cancelled.
    package func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if !state.inputs.isEmpty || Task.isCancelled { return true }
                    state.waiter = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            wake()
        }
    }

    private func wake() {
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
