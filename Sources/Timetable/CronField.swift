/// The seven fields of a cron expression.
package enum CronFieldKind: Int, Sendable, CaseIterable {
    case second, minute, hour, dayOfMonth, month, weekday, year

    /// The name in messages.
    package var name: String {
        switch self {
        case .second: "second"
        case .minute: "minute"
        case .hour: "hour"
        case .dayOfMonth: "day of month"
        case .month: "month"
        case .weekday: "day of week"
        case .year: "year"
        }
    }

    /// The values that may be written.
    var range: ClosedRange<Int> {
        switch self {
        case .second, .minute: 0...59
        case .hour: 0...23
        case .dayOfMonth: 1...31
        case .month: 1...12
        case .weekday: 0...7
        case .year: YearSet.range
        }
    }

    /// The values that `*` means: each value once, so that Sunday isn't also 7.
    var fullRange: ClosedRange<Int> { self == .weekday ? 0...6 : range }

    /// The values that `H` chooses from.
    var hashRange: ClosedRange<Int> { self == .dayOfMonth ? 1...28 : fullRange }

    /// The names that stand for values, in lower case, and the first one's value.
    var names: (first: Int, full: [String]) {
        switch self {
        case .month: (1, monthNames)
        case .weekday: (0, weekdayNames)
        default: (0, [])
        }
    }
}

/// The months in lower case, January first.
let monthNames = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
]

/// The weekdays in lower case, Sunday first.
let weekdayNames = [
    "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
]

/// One piece of a field's list, as written.
enum CronItem: Sendable, Equatable {
    /// `*`, `*/n` or `?`.
    case all(step: Int)
    /// `a`, `a-b`, `a-b/n`, and `a/n` with the field's end; may wrap.
    case span(from: Int, through: Int, step: Int)
    /// `L` and `L-n`.
    case beforeLast(Int)
    /// `LW` and `L-nW`.
    case workdayBeforeLast(Int)
    /// `nW`.
    case nearestWorkday(Int)
    /// `D#N`.
    case nthWeekday(Int, nth: Int)
    /// `DL` and `D#L`.
    case lastWeekday(Int)

    /// The values of a plain item in the order of its steps; empty for the rare forms.
    func values(of kind: CronFieldKind) -> [Int] {
        let full = kind.fullRange
        switch self {
        case .all(let step):
            return Array(stride(from: full.lowerBound, through: full.upperBound, by: step))
        case .span(let from, let through, let step):
            if from <= through {
                let values = stride(from: from, through: through, by: step)
                return values.map { kind == .weekday ? $0 % 7 : $0 }
            }
            let end = through + full.count
            return stride(from: from, through: end, by: step).map { value in
                value > full.upperBound ? value - full.count : value
            }
        default:
            return []
        }
    }
}

/// A field of a parsed expression.
struct CronField: Sendable, Equatable {
    let kind: CronFieldKind
    var items: [CronItem] = []
    /// The text begins with `*` (or is `?`): Debian's mark for the day rule and the DST rule.
    var isStar = false
    /// `+` was written: both day fields must match.
    var needsBoth = false
    /// A value was chosen by the schedule's name.
    var isHashed = false

    /// The field that an absent second stands for.
    static let zeroSecond = CronField(
        kind: .second, items: [.span(from: 0, through: 0, step: 1)])

    /// The plain values as a bit mask.
    var mask: UInt64 {
        var mask: UInt64 = 0
        for item in items {
            for value in item.values(of: kind) { mask |= 1 << UInt64(value) }
        }
        return mask
    }
}
