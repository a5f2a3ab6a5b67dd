/// The forms beyond Vixie cron: names, `H`, `L`, `W` and `#`.
extension CronFieldParser {
    /// Parses a month's or weekday's name, three letters or full.
    mutating func nameValue() throws(CronError) -> Int {
        let start = position
        var word: [UInt8] = []
        var cursor = position
        while cursor < end, isLetter(bytes[cursor]) {
            word.append(lowercase(bytes[cursor]))
            cursor += 1
        }
        guard !word.isEmpty else { throw unexpected() }
        let (first, names) = kind.names
        if let value = index(of: word, in: names) {
            if word.count > 3, names[value] != "may" { try refuseInStrict("full names") }
            position = cursor
            return first + value
        }
        // FRIL: the last letter isn't part of the name.
        if kind == .weekday, word.last == UInt8(ascii: "l"),
            let value = index(of: word.dropLast(), in: names)
        {
            position = cursor - 1
            return first + value
        }
        let text = String(decoding: bytes[start..<min(cursor, start + 20)], as: UTF8.self)
        if kind == .weekday, word == [UInt8(ascii: "l")] {
            throw error("L needs a weekday here, such as 5L or FRIL", at: start)
        }
        if names.isEmpty {
            throw error("“\(text)” is no number, and this field has no names", at: start)
        }
        throw error("“\(text)” is no name of a \(kind == .month ? "month" : "weekday")", at: start)
    }

    private func index(of word: some Collection<UInt8>, in names: [String]) -> Int? {
        names.firstIndex { name in
            name.utf8.elementsEqual(word) || name.utf8.prefix(3).elementsEqual(word)
        }
    }

    /// Parses what makes a value special: `15W`, `5L`, `5#3`, `5#L`; nil if nothing does.
    mutating func special(_ value: Int, start: Int) throws(CronError) -> CronItem? {
        guard let byte = peek else { return nil }
        let letter = lowercase(byte)
        if kind == .dayOfMonth, letter == UInt8(ascii: "w") {
            try refuseInStrict("W", at: start)
            position += 1
            try checkListEnd(after: "W")
            return .nearestWorkday(value)
        }
        guard kind == .weekday else { return nil }
        if letter == UInt8(ascii: "l") {
            try refuseInStrict("L", at: start)
            position += 1
            try checkListEnd(after: "L")
            return .lastWeekday(value % 7)
        }
        guard letter == UInt8(ascii: "#") else { return nil }
        try refuseInStrict("‘#’", at: start)
        position += 1
        if let next = peek, lowercase(next) == UInt8(ascii: "l") {
            position += 1
            try checkListEnd(after: "#L")
            return .lastWeekday(value % 7)
        }
        let numberStart = position
        guard let nth = try number(), (1...5).contains(nth) else {
            throw error("after ‘#’ comes 1 to 5, or L", at: numberStart)
        }
        try checkListEnd(after: "#")
        return .nthWeekday(value % 7, nth: nth)
    }

    /// Parses `L`, `L-n`, `LW` and `L-nW` of the day of month.
    mutating func lastDay() throws(CronError) -> CronItem {
        try refuseInStrict("L")
        position += 1
        var before = 0
        if take("-") {
            let start = position
            guard let number = try number() else {
                throw error("after ‘L-’ comes a number of days", at: start)
            }
            guard number <= 30 else {
                throw error("no month has a day \(number) days before its last", at: start)
            }
            before = number
        }
        if let byte = peek, lowercase(byte) == UInt8(ascii: "w") {
            position += 1
            try checkListEnd(after: "W")
            return .workdayBeforeLast(before)
        }
        try checkListEnd(after: "L")
        return .beforeLast(before)
    }

    /// Checks that the special form is a list element of its own.
    private func checkListEnd(after form: String) throws(CronError) {
        guard let byte = peek, byte != UInt8(ascii: ",") else { return }
        if byte == UInt8(ascii: "-") || byte == UInt8(ascii: "/") {
            throw error("\(form) doesn't go with a range or a step", at: position)
        }
        throw unexpected()
    }

    /// Parses `H`, `H/n`, `H(a-b)` and `H(a-b)/n`.
    ///
    /// The value is the 64-bit FNV-1a hash of the schedule's name, a zero byte and the field's
    /// name, its halves folded by XOR, modulo the number of choices: the same for ever.
    mutating func hashed() throws(CronError) -> CronItem {
        let start = position
        try refuseInStrict("H")
        guard kind != .year else { throw error("H can't choose a year", at: start) }
        guard let name else {
            throw error("H needs the name of a schedule to choose by", at: start)
        }
        position += 1
        var range = kind.hashRange
        if take("(") {
            let lower = try value()
            guard take("-") else { throw error("H(a-b) needs a ‘-’", at: position) }
            let upperStart = position
            let upper = try value()
            guard lower <= upper else {
                throw error("the range of H can't run backwards", at: upperStart)
            }
            guard take(")") else { throw error("H(a-b needs a ‘)’", at: position) }
            range = lower...upper
        }
        let hash = FNV1a.hash("\(name)\0\(kind.name)")
        let folded = Int((hash >> 32) ^ (hash & 0xFFFF_FFFF))
        let stepStart = position + 1
        guard let step = try optionalStep(from: range) else {
            let value = range.lowerBound + folded % range.count
            let day = kind == .weekday ? value % 7 : value
            return .span(from: day, through: day, step: 1)
        }
        guard step <= range.count else {
            throw error("the step of H is longer than its range", at: stepStart)
        }
        return .span(
            from: range.lowerBound + folded % step, through: range.upperBound, step: step)
    }
}
