/// What a statement is given, in the form in which it goes over the wire.
enum PostgresValue {
    case text(String)
    case integer(Int64)
    case bytes([UInt8])

    /// The number of its type (`pg_type.oid`), the same in every PostgreSQL.
    var type: UInt32 {
        switch self {
        case .text: 25
        case .integer: 20
        case .bytes: 17
        }
    }

    var encoded: [UInt8] {
        switch self {
        case .text(let text): Array(text.utf8)
        case .integer(let number):
            (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
        case .bytes(let bytes): bytes
        }
    }
}

/// One row of an answer, whose columns are `int8`, `text`, `bool` or `bytea`, in binary form.
struct PostgresRow: Sendable {
    let columns: [[UInt8]?]

    func isNull(_ index: Int) -> Bool { bytes(index) == nil }

    func bytes(_ index: Int) -> [UInt8]? {
        columns.indices.contains(index) ? columns[index] : nil
    }

    func text(_ index: Int) throws(PostgresProblem) -> String {
        guard let bytes = bytes(index) else { throw missing(index) }
        return String(decoding: bytes, as: UTF8.self)
    }

    func integer(_ index: Int) throws(PostgresProblem) -> Int64 {
        guard let bytes = bytes(index), bytes.count == 8 else { throw missing(index) }
        return bytes.reduce(Int64(0)) { $0 << 8 | Int64($1) }
    }

    func flag(_ index: Int) throws(PostgresProblem) -> Bool {
        guard let bytes = bytes(index), bytes.count == 1 else { throw missing(index) }
        return bytes[0] != 0
    }

    private func missing(_ index: Int) -> PostgresProblem {
        PostgresProblem(.unexpected("no value in column \(index + 1)"))
    }
}
