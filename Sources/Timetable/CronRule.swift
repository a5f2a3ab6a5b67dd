/// A compiled cron expression: bit masks, and nothing that depends on a zone or on now.
///
/// The masks answer "the next matching wall time" with a few shifts and bit scans
/// (docs/cron.md#the-search); `ZoneWalk` turns wall times into instants.
package struct CronRule: Sendable, Equatable {
    /// The matching times of day.
    var times = TimesOfDay()
    /// Months 1...12.
    var months: UInt32 = 0
    /// What days match.
    var days = CronDays()
    /// Years 1970...2199 as bits from 1970 on; nil where every year matches.
    var years: YearSet?
    /// Whether a field of the time of day begins with `*`: Debian's mark of jobs that follow the
    /// wall clock through DST changes instead of being made up for.
    var isWild = false
    /// Whether no day of the calendar can ever match, proven when compiled.
    package internal(set) var isNever = false

    /// Parses and compiles an expression of 5, 6 (seconds first) or 7 (year last) fields, or a
    /// macro such as `@daily`.
    ///
    /// `@every`, `@reboot` and a `CRON_TZ=` prefix aren't rules: `CronExpression` takes those.
    /// - Parameters:
    ///   - text: the expression.
    ///   - name: the schedule's name, which `H` hashes; nil: `H` is refused.
    ///   - dialect: how much of the language is taken.
    /// - Throws: `CronError`, which names the field and the position.
    package init(
        _ text: String, name: String? = nil, dialect: CronDialect = .carillon
    ) throws(CronError) {
        let expression = try CronExpression(text, name: name, dialect: dialect)
        guard case .cron(let rule) = expression.trigger, expression.zoneName == nil else {
            throw CronError(
                field: nil, position: 1,
                message: "a zone prefix, @every and @reboot aren't allowed here")
        }
        self = rule
    }

    /// The empty rule that the parser fills in.
    init() {}

    /// Computes what follows from the masks: first and last time of day, and the never verdict.
    mutating func seal() {
        days.seal()
        times.seal()
        isNever = !canFire()
    }

    /// Whether some day of the calendar matches: all shapes of all allowed months are tried.
    ///
    /// A month is one of 28 shapes (four lengths, seven first weekdays), and every shape that the
    /// month can have occurs in each 400-year cycle. With a year field its years are tried.
    private func canFire() -> Bool {
        if let years {
            var year = years.first(from: 1970)
            while let candidate = year {
                for month in 1...12 where months & (1 << UInt32(month)) != 0 {
                    let first = CivilDate(year: candidate, month: month, day: 1)
                    let length = CivilDate.length(ofMonth: month, year: candidate)
                    if days.matchesShape(firstWeekday: first.weekday, length: length) {
                        return true
                    }
                }
                year = years.first(from: candidate + 1)
            }
            return false
        }
        for month in 1...12 where months & (1 << UInt32(month)) != 0 {
            let lengths = month == 2 ? [28, 29] : [CivilDate.length(ofMonth: month, year: 2001)]
            for length in lengths {
                for weekday in 0..<7
                where days.matchesShape(firstWeekday: weekday, length: length) {
                    return true
                }
            }
        }
        return false
    }
}

/// How much of the cron language is taken.
package enum CronDialect: String, Sendable, Equatable {
    /// The whole language: a superset of OCPS with Debian's day and DST rules.
    case carillon
    /// OCPS 1.0 only: five fields of `* , - /` and names; everything else is refused by name.
    case strict
}

/// The years of a seventh field, 1970...2199.
struct YearSet: Sendable, Equatable {
    static let range = 1970...2199
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    mutating func insert(_ year: Int) {
        let bit = year - 1970
        let mask: UInt64 = 1 << UInt64(bit & 63)
        switch bit >> 6 {
        case 0: words.0 |= mask
        case 1: words.1 |= mask
        case 2: words.2 |= mask
        default: words.3 |= mask
        }
    }

    func contains(_ year: Int) -> Bool {
        guard YearSet.range.contains(year) else { return false }
        let bit = year - 1970
        return word(bit >> 6) & (1 << UInt64(bit & 63)) != 0
    }

    /// The smallest year of the set that is no less than `year`.
    func first(from year: Int) -> Int? {
        var bit = max(year, 1970) - 1970
        while bit < 256 {
            let rest = word(bit >> 6) >> UInt64(bit & 63)
            if rest != 0 { return 1970 + bit + rest.trailingZeroBitCount }
            bit = (bit | 63) + 1
        }
        return nil
    }

    /// The largest year of the set that is no more than `year`.
    func last(through year: Int) -> Int? {
        var bit = min(year, 2199) - 1970
        while bit >= 0 {
            let rest = word(bit >> 6) << UInt64(63 - bit & 63)
            if rest != 0 { return 1970 + bit - rest.leadingZeroBitCount }
            bit = (bit & ~63) - 1
        }
        return nil
    }

    private func word(_ index: Int) -> UInt64 {
        switch index {
        case 0: words.0
        case 1: words.1
        case 2: words.2
        default: words.3
        }
    }

    static func == (left: YearSet, right: YearSet) -> Bool { left.words == right.words }
}
