import Store
import Testing

/// Statements are found again by where their text lies, and what is bound stays until it is bound anew:
/// nobody who asks may notice.
@Suite struct StatementTests {
    @Test("A text that comes to lie where another one lay has its own statement")
    func texts() throws {
        let scratch = try Scratch()
        let database = try Database(path: scratch.path, mode: .write)
        for _ in 0..<2 {
            // Of one length, made and let go of again and again, more than there are places.
            for number in 1000..<2500 as Range<Int64> {
                let sql = "SELECT \(number) AS a_name_that_is_long_enough"
                #expect(try database.integer(sql) == number)
            }
        }
        var changed = "SELECT 7 AS a_name_that_is_long_enough"
        #expect(try database.integer(changed) == 7)
        changed = changed.replacing("7", with: "2")
        #expect(try database.integer(changed) == 2)
    }

    @Test("A value that is left out is NULL, whatever was bound before")
    func values() throws {
        let scratch = try Scratch()
        let database = try Database(path: scratch.path, mode: .write)
        let sql = "SELECT coalesce(?1, 'none') || coalesce(length(?2), '-')"
        let large = String(repeating: "x", count: 100_000)
        let rounds: [([SQLValue], String)] = [
            ([.string("a"), .string("bc")], "a2"), ([.string("a")], "a-"), ([], "none-"),
            ([.string("a"), .string(large)], "a100000"), ([.string("b"), .null], "b-"),
            ([.string(""), .string("")], "0"),
        ]
        for (values, expected) in rounds {
            var answer = ""
            try database.step(sql, values) { row in
                answer = row.string(0)
                return true
            }
            #expect(answer == expected)
        }
    }
}
