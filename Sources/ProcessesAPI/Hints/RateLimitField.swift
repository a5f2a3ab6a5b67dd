/// The `RateLimit` field of draft-ietf-httpapi-ratelimit-headers-10.
///
/// A list of policies such as `"default";r=0;t=30`: quota left and seconds until more. Only an
/// exhausted policy asks to wait; anything malformed makes the whole field silent.
enum RateLimitField {
    /// The longest wait of the exhausted policies of all lines, in milliseconds.
    static func exhaustedMilliseconds(_ lines: [Substring]) -> Int64? {
        var longest: Int64?
        for line in lines {
            var scan = FieldScan(line)
            repeat {
                guard let policy = scan.policy() else { return nil }
                if policy.remaining == 0, let reset = policy.resetSeconds {
                    longest = max(longest ?? 0, min(reset, RetryHint.delaySecondsMax) * 1000)
                }
            } while scan.takeComma()
            guard scan.isAtEnd else { return nil }
        }
        return longest
    }

    private struct Policy {
        var remaining: Int64?
        var resetSeconds: Int64?
    }

    /// As much of RFC 9651 (structured fields) as the field uses.
    private struct FieldScan {
        private let bytes: [UInt8]
        private var position = 0

        init(_ text: Substring) {
            bytes = Array(text.utf8)
        }

        var isAtEnd: Bool { position == bytes.count }

        mutating func takeComma() -> Bool {
            let before = position
            skipSpace()
            if take(UInt8(ascii: ",")) {
                skipSpace()
                return true
            }
            position = before
            return false
        }

        mutating func policy() -> Policy? {
            guard string() || token() else { return nil }
            var policy = Policy()
            while take(UInt8(ascii: ";")) {
                skipSpace()
                guard let key = key() else { return nil }
                guard take(UInt8(ascii: "=")) else {
                    // A bare key is the value true, which is no number.
                    if key == "r" || key == "t" { return nil }
                    continue
                }
                switch key {
                case "r", "t":
                    guard let number = integer() else { return nil }
                    if key == "r" {
                        policy.remaining = number
                    } else {
                        policy.resetSeconds = number
                    }
                default:
                    guard string() || binary() || anyInteger() || token() else { return nil }
                }
            }
            return policy
        }

        private mutating func take(_ byte: UInt8) -> Bool {
            guard position < bytes.count, bytes[position] == byte else { return false }
            position += 1
            return true
        }

        private mutating func skipSpace() {
            while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 {
                position += 1
            }
        }

        private mutating func string() -> Bool {
            let start = position
            guard take(UInt8(ascii: "\"")) else { return false }
            while position < bytes.count {
                let byte = bytes[position]
                position += 1
                if byte == UInt8(ascii: "\"") { return true }
                if byte == UInt8(ascii: "\\") { position += 1 }
            }
            position = start
            return false
        }

        private mutating func token() -> Bool {
            guard position < bytes.count,
                ASCII.isLetter(bytes[position]) || bytes[position] == UInt8(ascii: "*")
            else { return false }
            let extra = Array("!#$%&'*+-.^_`|~:/".utf8)
            while position < bytes.count,
                ASCII.isLetter(bytes[position]) || ASCII.isDigit(bytes[position])
                    || extra.contains(bytes[position])
            {
                position += 1
            }
            return true
        }

        private mutating func binary() -> Bool {
            let start = position
            guard take(UInt8(ascii: ":")) else { return false }
            while position < bytes.count {
                if take(UInt8(ascii: ":")) { return true }
                position += 1
            }
            position = start
            return false
        }

        private mutating func key() -> String? {
            let start = position
            while position < bytes.count,
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(bytes[position])
                    || ASCII.isDigit(bytes[position]) && position > start
                    || position > start && Array("_-.*".utf8).contains(bytes[position])
            {
                position += 1
            }
            guard position > start else { return nil }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }

        /// A non-negative integer of at most 15 digits, as the syntax has it.
        private mutating func integer() -> Int64? {
            let start = position
            while position < bytes.count, ASCII.isDigit(bytes[position]) { position += 1 }
            guard position > start, position - start <= 15 else { return nil }
            return Int64(String(decoding: bytes[start..<position], as: UTF8.self))
        }

        private mutating func anyInteger() -> Bool {
            _ = take(UInt8(ascii: "-"))
            return integer() != nil
        }
    }
}
