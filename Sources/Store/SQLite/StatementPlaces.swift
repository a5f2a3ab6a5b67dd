// Memory safety of this file: the statements belong to the connection that keeps this table, and go
// together with it; the address of a text is compared, never read from.

/// Prepared statements by the address of their text: nearly all are texts of the program, which stay
/// where they are, and to hash one takes longer than many a statement does.
///
/// An address means one text, since what is noted keeps its text, and so nothing else comes to lie
/// there, and nobody changes it in place.
struct StatementPlaces {
    @safe private struct Entry {
        let sql: String
        let address: UInt
        let statement: OpaquePointer
    }
    /// As many as nine bits name.
    private var entries = [Entry?](repeating: nil, count: 512)

    /// Nil for a short text, which lies in the value itself and so nowhere for long.
    private static func address(of sql: String) -> UInt? {
        guard sql.utf8.count > 15 else { return nil }
        return unsafe sql.utf8.withContiguousStorageIfAvailable {
            UInt(bitPattern: $0.baseAddress)
        }
    }

    /// Two that meet at one place take turns; the dictionary has both.
    private func index(_ address: UInt) -> Int {
        Int(truncatingIfNeeded: (address &* 0x9E37_79B9_7F4A_7C15) >> 55)
    }

    func statement(of sql: String) -> OpaquePointer? {
        guard let address = Self.address(of: sql), let entry = entries[index(address)],
            entry.address == address, entry.sql.utf8.count == sql.utf8.count
        else { return nil }
        return unsafe entry.statement
    }

    mutating func note(_ sql: String, _ statement: OpaquePointer) {
        guard let address = Self.address(of: sql) else { return }
        entries[index(address)] = unsafe Entry(
            sql: sql, address: address, statement: statement)
    }
}
