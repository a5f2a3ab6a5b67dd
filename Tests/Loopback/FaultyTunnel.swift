import Foundation
import Glibc
import Synchronization

/// A port that leads to another one of this machine, and loses what it is told to lose.
package final class FaultyTunnel: Sendable {
    /// What becomes of the bytes.
    package enum Fault: Sendable {
        case none
        /// Answers don't come back: at the first one that would, the connection is cut.
        case answersLost
        /// Questions don't arrive: at the first one that would, the connection is cut.
        case questionsLost
    }

    private let listener: LoopbackListener
    private let state: State

    private final class State: Sendable {
        let fault = Mutex<Fault>(.none)
    }

    package var port: Int { listener.port }

    /// Opens it, without a fault.
    ///
    /// - Parameter port: where it leads.
    /// - Throws: where no port is free.
    package init(to port: Int) throws {
        let state = State()
        self.state = state
        listener = try LoopbackListener { socket in
            socket.tunnel(to: port) { isAnswer in
                switch state.fault.withLock({ $0 }) {
                case .none: true
                case .answersLost: !isAnswer
                case .questionsLost: isAnswer
                }
            }
        }
    }

    /// Loses bytes from now on, or no longer.
    package func set(_ fault: Fault) { state.fault.withLock { $0 = fault } }

    /// Lets nobody in any more.
    package func stop() { listener.stop() }
}
