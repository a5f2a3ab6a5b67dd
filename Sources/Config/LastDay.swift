import Timetable

extension TableReader {
    /// A day on which something ends: 2027-03-31, with or without quotes.
    ///
    /// - Parameters:
    ///   - key: where it stands.
    ///   - today: warns of a day that has passed; nil: nobody knows which day it is.
    /// - Returns: the day.
    func lastDay(_ key: String, today: CivilDate?) -> CivilDate? {
        guard let node = find(key) else { return nil }
        let text: String
        switch node.value {
        case .dateOrTime: text = node.raw
        case .string(let string): text = string
        default: return wrongType(node, "a date such as 2027-03-31")
        }
        guard text.utf8.count == 10, let day = CivilDate(iso8601: text), day.isValid else {
            problems.error(node, "not a date (\(node.shown)); write 2027-03-31")
            return nil
        }
        if let today, day < today { problems.warning(node, "this day has passed (\(node.shown))") }
        return day
    }
}
