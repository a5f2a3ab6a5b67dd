import JSON

/// Writes JSON straight into bytes: lists of a thousand processes are made for every sweep.
///
/// Keys keep the order in which they are written, so the same state gives the same bytes.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 512) {
        bytes.reserveCapacity(capacity)
    }

    mutating func object(_ content: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "{"))
        content(&self)
        bytes.append(UInt8(ascii: "}"))
    }

    mutating func array(_ content: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "["))
        content(&self)
        bytes.append(UInt8(ascii: "]"))
    }

    /// Keys are our own words, or action statuses: nothing in them wants escaping.
    mutating func key(_ name: String) {
        plain(name)
        bytes.append(UInt8(ascii: ":"))
    }

    /// A field whose value holds no character that JSON escapes: ids, statuses, dates.
    mutating func field(_ name: String, plain value: String?) {
        key(name)
        if let value { plain(value) } else { null() }
    }

    mutating func field(_ name: String, _ value: String?) {
        key(name)
        if let value { string(value) } else { null() }
    }

    mutating func field(_ name: String, _ value: Bool) {
        key(name)
        raw(value ? "true" : "false")
    }

    mutating func field(_ name: String, _ value: Int64) {
        key(name)
        raw(String(value))
    }

    mutating func field(_ name: String, counts: [(String, Int64)]) {
        key(name)
        object { writer in
            for (status, count) in counts { writer.field(status, count) }
        }
    }

    private mutating func plain(_ text: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: text.utf8)
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func null() { raw("null") }

    mutating func string(_ text: String) {
        separate()
        JSONString.append(text, to: &bytes)
    }

    private mutating func raw(_ text: String) {
        separate()
        bytes.append(contentsOf: text.utf8)
    }

    /// A comma, unless this is the first element or the value of a key.
    private mutating func separate() {
        switch bytes.last {
        case nil, UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ":"): return
        default: bytes.append(UInt8(ascii: ","))
        }
    }
}
