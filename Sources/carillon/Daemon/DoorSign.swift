import Synchronization

/// Where a door is to be, nil: nowhere; one waits for changes.
final class DoorSign<Place: Sendable & Equatable>: Sendable {
    private struct State {
        var place: Place?
        var waiter: CheckedContinuation<Void, Never>?
    }
    private let state: Mutex<State>

    init(_ place: Place?) {
        state = Mutex(State(place: place))
    }

    /// The place as it is now.
    var place: Place? { state.withLock { $0.place } }

    /// Names another place, or none.
    func move(to place: Place?) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.place != place else { return nil }
            state.place = place
            return Self.take(&state)
        }
        waiter?.resume()
    }

    /// Returns once the place is another one, or the task is cancelled; a later call takes the place
    /// of an earlier one.
    func changed(from old: Place?) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (isOver, earlier) = state.withLock { state in
                    // Cancelled before: the handler below has found nobody to wake.
                    guard state.place == old, !Task.isCancelled else {
                        return (true, CheckedContinuation<Void, Never>?.none)
                    }
                    let earlier = Self.take(&state)
                    state.waiter = continuation
                    return (false, earlier)
                }
                earlier?.resume()
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { Self.take(&$0) }?.resume()
        }
    }

    private static func take(_ state: inout State) -> CheckedContinuation<Void, Never>? {
        defer { state.waiter = nil }
        return state.waiter
    }
}
