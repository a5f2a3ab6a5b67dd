import Timetable

/// Durations as the config and the command line write them: `90s` `15m` `6h` `2d`.
package enum DurationText {
    /// Milliseconds of the text, or nil if it is none or too long for the clock.
    package static func milliseconds(_ text: String) -> Int64? {
        guard let unit = text.utf8.last, let factor = DurationUnit.milliseconds(unit) else {
            return nil
        }
        let digits = text.utf8.dropLast()
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }),
            let count = Int64(String(text.dropLast()))
        else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: factor)
        // 10,000 years: far from overflow when added to any instant.
        return overflow || product > 315_576_000_000_000 ? nil : product
    }

    /// The shortest text of a duration, exact to the second (`5400000` is `90m`).
    package static func text(milliseconds: Int64) -> String {
        if milliseconds % 1000 != 0 { return "\(milliseconds)ms" }
        for (unit, factor) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000)]
        where milliseconds != 0 && milliseconds % Int64(factor) == 0 {
            return "\(milliseconds / Int64(factor))\(unit)"
        }
        return "\(milliseconds / 1000)s"
    }

    /// What to write, for error messages.
    package static let help = "write \"90s\", \"15m\", \"6h\" or \"2d\""
}
