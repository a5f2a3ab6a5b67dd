/// Says the time-of-day fields of a cron expression in English.
enum TimeWords {
    /// `at 06:00`, `every 15 minutes`, `at minutes 5 and 35 of the hours 9 to 17`.
    static func phrase(second: String, minute: String, hour: String) -> String {
        if second == "0" || second == "00" { return phrase(minute: minute, hour: hour) }
        if let fixed = clockTimes(second: second, minute: minute, hour: hour) {
            return "at " + CronWords.and(fixed)
        }
        let seconds =
            period(second, unit: "second", span: 60)
            ?? "at second " + CronWords.list(second, CronWords.plainValue)
        if minute == "*", hour == "*" {
            return seconds.hasPrefix("every") ? seconds : seconds + " of every minute"
        }
        return seconds + ", " + phrase(minute: minute, hour: hour)
    }

    private static func phrase(minute: String, hour: String) -> String {
        if let fixed = clockTimes(second: "0", minute: minute, hour: hour) {
            return "at " + CronWords.and(fixed)
        }
        let everyHour = hour == "*"
        if let minutes = period(minute, unit: "minute", span: 60) {
            return everyHour ? minutes : minutes + " " + hours(hour)
        }
        if let single = Int(minute), everyHour {
            return single == 0 ? "every hour on the hour" : "at \(single) minutes past every hour"
        }
        let isSingle = Int(minute) != nil
        let list = CronWords.list(minute, CronWords.plainValue)
        return "at minute\(isSingle ? "" : "s") \(list) "
            + (everyHour ? "of every hour" : hours(hour))
    }

    private static func hours(_ field: String) -> String {
        if field == "*" { return "of every hour" }
        if let every = period(field, unit: "hour", span: 24) {
            return "of " + every.replacing("every hour", with: "every hour")
        }
        let isSingle = Int(field) != nil
        return "of the hour\(isSingle ? "" : "s") " + CronWords.list(field, CronWords.plainValue)
    }

    /// `every 15 minutes` where the steps really are even over the whole span.
    private static func period(_ field: String, unit: String, span: Int) -> String? {
        if field == "*" { return "every \(unit)" }
        guard field.hasPrefix("*/"), let step = Int(field.dropFirst(2)), step > 0, step < span,
            span % step == 0
        else { return nil }
        return step == 1 ? "every \(unit)" : "every \(step) \(unit)s"
    }

    /// Clock times, if all three fields are plain values and the times are few.
    private static func clockTimes(second: String, minute: String, hour: String) -> [String]? {
        guard let seconds = values(second), let minutes = values(minute), let hours = values(hour),
            seconds.count * minutes.count * hours.count <= 8
        else { return nil }
        func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return hours.flatMap { hour in
            minutes.flatMap { minute in
                seconds.map { second in
                    padded(hour) + ":" + padded(minute)
                        + (seconds == [0] ? "" : ":" + padded(second))
                }
            }
        }
    }

    private static func values(_ field: String) -> [Int]? {
        let numbers = field.split(separator: ",").map { Int($0) }
        let known = numbers.compactMap { $0 }
        return known.count == numbers.count ? Set(known).sorted() : nil
    }
}
