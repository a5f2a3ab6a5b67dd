package import Timetable

/// What reached the sandbox and what it answered: the other half of a test's ground truth.
package struct SandboxLog: Sendable {
    package init() {}

    /// One request.
    package struct Entry: Sendable {
        /// Counted from 1.
        package let number: Int
        /// When it arrived.
        package let at: Instant
        /// The operationId, or `unknown`.
        package let operation: String
        /// The process that it names, or whose run it names.
        package let process: String?
        /// Status of the answer; nil: the connection was lost.
        package let status: Int?
        /// The run that it created.
        package let run: String?
        /// Whether a fault struck it.
        package let isFaulted: Bool
        /// What the answer asked for.
        package let hint: SandboxHint?
    }

    /// All requests, whatever became of them.
    package private(set) var requests = 0
    /// The same by operationId.
    package private(set) var requestsByOperation: [String: Int] = [:]
    /// Answers that went out, by status.
    package private(set) var answersByStatus: [Int: Int] = [:]
    /// Connections that broke without an answer.
    package private(set) var lost = 0
    /// Requests that a fault struck.
    package private(set) var faults = 0
    /// Requests that came although a hint told the client to stay away at that time (I4).
    package private(set) var early = 0
    /// Single requests, if they are kept; at most a million.
    package private(set) var entries: [Entry] = []
    /// Whether single requests are kept.
    package var keepsEntries = false

    private static let entriesMax = 1_000_000
    private static let bansMax = 1000
    private struct Ban: Sendable {
        let operation: String?
        let from: Instant
        let until: Instant
    }
    private var bans: [Ban] = []

    mutating func arrived(operation: String, at now: Instant) {
        requests += 1
        requestsByOperation[operation, default: 0] += 1
        guard !bans.isEmpty else { return }
        bans.removeAll { $0.until <= now }
        let isBanned = bans.contains { ban in
            ban.from <= now && (ban.operation == nil || ban.operation == operation)
        }
        if isBanned { early += 1 }
    }

    mutating func answered(_ entry: Entry, afterMilliseconds: Int64) {
        if let status = entry.status {
            answersByStatus[status, default: 0] += 1
        } else {
            lost += 1
        }
        if entry.isFaulted { faults += 1 }
        if keepsEntries, entries.count < Self.entriesMax { entries.append(entry) }
        guard let hint = entry.hint, entry.status != nil else { return }
        // The named operation only if it is the one called (docs/protocol.md#retry-engine).
        let from = entry.at.adding(milliseconds: afterMilliseconds)
        if bans.count >= Self.bansMax { bans.removeFirst() }
        bans.append(
            Ban(
                operation: hint.operation == entry.operation ? hint.operation : nil, from: from,
                until: from.adding(milliseconds: hint.seconds.multipliedSaturating(by: 1000))))
    }
}

extension Int64 {
    func multipliedSaturating(by factor: Int64) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? ((self < 0) == (factor < 0) ? .max : .min) : product
    }
}
