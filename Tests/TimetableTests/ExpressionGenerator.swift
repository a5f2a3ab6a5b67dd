import Timetable

/// Random cron expressions of the whole language, all of them valid.
struct ExpressionGenerator {
    var source: SplitMix64

    init(seed: UInt64) { source = SplitMix64(seed: seed) }

    mutating func expression() -> String {
        var fields = [
            field(0...59, star: 3), field(0...23, star: 3), dayOfMonth(), field(1...12, star: 6),
            weekday(),
        ]
        let form = number(0...9)
        if form < 2 { fields.insert(field(0...59, star: 2), at: 0) }
        if form == 0 { fields.append(["*", "2020-2090", "*/2", "2024/4"][number(0...3)]) }
        return fields.joined(separator: " ")
    }

    /// An instant, mostly within a day of a change of the zone's offset.
    mutating func second(near zone: Zone) -> Int64 {
        let base = Int64.random(in: -1_500_000_000...6_000_000_000, using: &source)
        let changes = zone.changes(after: Instant(seconds: base), limit: 1)
        guard let change = changes.first, number(0...3) > 0 else { return base }
        return change.at.seconds + Int64.random(in: -100_000...100_000, using: &source)
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &source) }

    private mutating func field(_ range: ClosedRange<Int>, star: Int) -> String {
        if number(0...9) < star { return number(0...2) == 0 ? "*/\(number(1...20))" : "*" }
        return (0..<number(1...3)).map { _ in item(range) }.joined(separator: ",")
    }

    private mutating func item(_ range: ClosedRange<Int>) -> String {
        let first = number(range)
        switch number(0...5) {
        case 0: return "\(first)-\(number(range))"
        case 1: return "\(first)-\(number(range))/\(number(1...7))"
        case 2: return "\(first)/\(number(1...15))"
        default: return "\(first)"
        }
    }

    private mutating func dayOfMonth() -> String {
        switch number(0...11) {
        case 0: "L"
        case 1: "L-\(number(0...27))"
        case 2: "LW"
        case 3: "\(number(1...28))W,15"
        case 4: "L-\(number(0...20))W"
        case 5: "?"
        default: field(1...31, star: 6)
        }
    }

    private mutating func weekday() -> String {
        switch number(0...11) {
        case 0: "\(number(0...7))L"
        case 1: "\(number(0...7))#\(number(1...4))"
        case 2: "FRI-MON"
        case 3: "1#1,3#3"
        case 4: "?"
        default: field(0...7, star: 7)
        }
    }
}
