/// Where a message goes.
package enum Receiver: Sendable, Hashable {
    /// A target of `[notify]`.
    case target(String)
    /// The dead-man service of a schedule.
    case heartbeat(of: String)

    /// Its name for people, and in the ledger; no target of people has a colon.
    package var name: String {
        switch self {
        case .target(let name): name
        case .heartbeat(let schedule): "heartbeat:\(schedule)"
        }
    }
}
