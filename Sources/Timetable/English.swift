/// Small pieces of English for explanations.
enum English {
    /// `a`, `a and b`, `a, b and c`.
    static func list(_ words: [String], _ conjunction: String = "and") -> String {
        guard let last = words.last else { return "" }
        if words.count == 1 { return last }
        return words.dropLast().joined(separator: ", ") + " \(conjunction) " + last
    }

    /// `1st`, `2nd`, `11th`, `23rd`.
    static func ordinal(_ number: Int) -> String {
        let suffix =
            switch (number % 10, number % 100) {
            case (_, 11...13): "th"
            case (1, _): "st"
            case (2, _): "nd"
            case (3, _): "rd"
            default: "th"
            }
        return "\(number)\(suffix)"
    }

    /// The word for 1 to 5, such as `third`.
    static func nth(_ number: Int) -> String {
        ["first", "second", "third", "fourth", "fifth"][max(1, min(number, 5)) - 1]
    }

    /// `Sunday`.
    static func weekday(_ number: Int) -> String { weekdayNames[number % 7].capitalizedFirst }

    /// `January`.
    static func month(_ number: Int) -> String { monthNames[number - 1].capitalizedFirst }

    /// `1 minute`, `15 minutes`.
    static func count(_ number: Int, _ unit: String) -> String {
        "\(number) \(unit)" + (number == 1 ? "" : "s")
    }

    /// `Tuesday 2026-11-24`.
    static func date(_ date: CivilDate) -> String { weekday(date.weekday) + " " + date.iso8601 }
}
