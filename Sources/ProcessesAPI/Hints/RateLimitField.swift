import RawStructuredFieldValues

/// The `RateLimit` field of draft-ietf-httpapi-ratelimit-headers-10, a list of RFC 9651.
///
/// Its items are policies such as `"default";r=0;t=30`: quota left and seconds until more. Only an
/// exhausted policy asks to wait; anything malformed makes the whole field silent.
enum RateLimitField {
    /// The longest wait of the exhausted policies of all lines, in milliseconds.
    static func exhaustedMilliseconds(_ lines: [Substring]) -> Int64? {
        var longest: Int64?
        for line in lines {
            var parser = StructuredFieldValueParser(Array(line.utf8))
            guard let list = try? parser.parseListFieldValue() else { return nil }
            for member in list {
                guard let policy = Policy(member) else { return nil }
                if policy.remaining == 0, let reset = policy.resetSeconds {
                    longest = max(longest ?? 0, min(reset, RetryHint.delaySecondsMax) * 1000)
                }
            }
        }
        return longest
    }

    private struct Policy {
        var remaining: Int64?
        var resetSeconds: Int64?

        /// Reads a named policy; nil if it has no name, or a number that is none or negative.
        init?(_ member: ItemOrInnerList) {
            guard case .item(let item) = member else { return nil }
            switch item.rfc9651BareItem {
            case .string, .token: break
            default: return nil
            }
            for (key, value) in item.rfc9651Parameters where key == "r" || key == "t" {
                guard case .integer(let number) = value, number >= 0 else { return nil }
                if key == "r" { remaining = number } else { resetSeconds = number }
            }
        }
    }
}
