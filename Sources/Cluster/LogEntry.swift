import Crypto
package import Timetable

/// What two logs have in common that have the same turns: SHA-256 over the chain before and the last
/// entry's body, in hexadecimal digits.
package struct Chain: Sendable, Hashable {
    package let digits: String

    /// The chain of a log without entries.
    package static let empty = Chain(digits: String(repeating: "0", count: 64))

    /// A chain as it was written down.
    package init(digits: String) { self.digits = digits }

    /// The chain with one entry more.
    package func followed(by body: [UInt8]) -> Chain {
        var hash = SHA256()
        hash.update(data: bytes)
        hash.update(data: body)
        let hex = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in hash.finalize() { text += [hex[Int(byte >> 4)], hex[Int(byte & 15)]] }
        return Chain(digits: String(decoding: text, as: UTF8.self))
    }

    /// The keeper computes it, too, over the same bytes.
    private var bytes: [UInt8] {
        let values = digits.map { UInt8(clamping: $0.hexDigitValue ?? 0) }
        return stride(from: 0, to: values.count - 1, by: 2).map { values[$0] << 4 | values[$0 + 1] }
    }
}

/// One turn in the log.
package struct LogEntry: Sendable, Equatable {
    /// What an entry brings.
    package enum Kind: String, Sendable {
        case turn
        /// A newer schema, which an older binary must not go past.
        case migration
    }

    /// From 1, without a gap.
    package var seq: Int64
    package var term: Int64
    package var kind: Kind
    /// How many migrations its ledger had.
    package var schema: Int
    /// The chain before and with it.
    package var previous: Chain
    package var chain: Chain
    /// The leader's wall clock when it took the turn.
    package var nodeAt: Instant
    /// The keeper's when the entry came in; what it says before that is not heeded.
    package var at: Instant
    /// What the turn changed.
    package var body: [UInt8]

    /// The entry behind a chain.
    ///
    /// - Parameters:
    ///   - seq: its number.
    ///   - term: the leader's.
    ///   - kind: what it brings.
    ///   - schema: how many migrations its ledger has.
    ///   - previous: the chain so far.
    ///   - nodeAt: the leader's wall clock.
    ///   - body: what the turn changed.
    package init(
        seq: Int64, term: Int64, kind: Kind = .turn, schema: Int, previous: Chain,
        nodeAt: Instant, body: [UInt8]
    ) {
        self.seq = seq
        self.term = term
        self.kind = kind
        self.schema = schema
        self.previous = previous
        chain = previous.followed(by: body)
        self.nodeAt = nodeAt
        at = nodeAt
        self.body = body
    }
}
