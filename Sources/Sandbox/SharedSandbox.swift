import Synchronization

/// A sandbox that several tasks share: one lock around the state.
package final class SharedSandbox: Sendable {
    private let state: Mutex<SandboxState>

    /// Shares a world.
    package init(_ state: SandboxState) {
        self.state = Mutex(state)
    }

    /// Looks at the world or changes it while no request is being handled.
    ///
    /// - Throws: what `body` throws.
    package func withState<Result: Sendable>(
        _ body: (inout SandboxState) throws -> Result
    ) rethrows -> Result {
        try state.withLock { try body(&$0) }
    }
}
