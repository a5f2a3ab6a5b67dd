import Console
import Timetable

/// Reads files of dates that the config names: holidays and close calendars.
struct DateFiles {
    let host: any HostReading
    /// The folder of the main config file, which relative paths start from.
    let folder: String
    let hash: ContentHash
    let problems: ConfigProblems

    /// The text of a file and its path, or nil with a problem noted at the node.
    func read(_ name: String, _ node: ConfigNode) -> (text: String, path: String)? {
        let path = name.hasPrefix("/") ? name : folder + name
        let bytes: [UInt8]
        do {
            bytes = try host.read(path, limit: 4 * 1024 * 1024)
        } catch {
            problems.absent(node, file: path, "\(path) can't be read: \(error.reason)")
            return nil
        }
        hash.add(name: path, bytes: bytes)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            problems.error(node, "\(path) is not UTF-8 text")
            return nil
        }
        return (text, path)
    }

    /// The days of all files that the key `files` names.
    ///
    /// - Returns: them, and whether none of the files is waited for.
    func days(_ reader: TableReader) -> (days: [BusinessCalendar.Holiday], isWhole: Bool) {
        var days: [BusinessCalendar.Holiday] = []
        var isWhole = true
        for (file, place) in reader.strings("files", orSingle: true) ?? [] {
            guard let (text, path) = read(file, place) else {
                isWhole = false
                continue
            }
            do {
                days += try HolidayFile.days(text, path: path)
            } catch {
                problems.error(place, "\(path): \(error)")
            }
        }
        return (days, isWhole)
    }
}

/// A calendar, and its content in the form that `RuleSource` keeps.
struct CompiledCalendar {
    var calendar: BusinessCalendar
    var source: RuleSource.Calendar
}

/// Reads `[calendars.NAME]`.
struct CalendarSection {
    static let keys = ["weekend", "holidays", "files"]
    static let weekdays = [
        "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
    ]

    let files: DateFiles
    let today: CivilDate?
    let problems: ConfigProblems

    /// Reads all calendars.
    ///
    /// - Returns: the calendars, nil for one that is wrong or waits; and what the latter wait for.
    func read(
        _ nodes: [String: ConfigNode]
    ) -> (values: [String: CompiledCalendar?], causes: [String: String]) {
        problems.readAll(nodes, read)
    }

    private func read(_ name: String, _ node: ConfigNode) -> CompiledCalendar? {
        let reader = TableReader(node, known: Self.keys, problems: problems)
        guard node.entries != nil else { return nil }
        let weekend = weekend(reader)
        let (filed, isWhole) = files.days(reader)
        let holidays = listed(reader) + filed
        do {
            let calendar = try BusinessCalendar(name: name, weekend: weekend, holidays: holidays)
            if let today, let warning = calendar.endWarning(on: today) {
                problems.warning(node.path, at: node.keyPosition, warning)
            }
            // Without a file that is waited for, its holidays would be business days.
            guard isWhole else { return nil }
            let source = RuleSource.Calendar(name: name, weekend: weekend, holidays: holidays)
            return CompiledCalendar(calendar: calendar, source: source)
        } catch {
            problems.error(node, "\(error)")
            return nil
        }
    }

    private func weekend(_ reader: TableReader) -> Set<Int> {
        guard let names = reader.strings("weekend") else { return [0, 6] }
        return Set(
            names.compactMap { name, node in
                if let index = Self.weekdays.firstIndex(of: name.lowercased()) { return index }
                problems.error(
                    node,
                    "not a weekday (\(node.shown)), allowed: "
                        + TableReader.list(Self.weekdays)
                        + NearestName.hint(name, in: Self.weekdays))
                return nil
            })
    }

    private func listed(_ reader: TableReader) -> [BusinessCalendar.Holiday] {
        guard let node = reader.find("holidays") else { return [] }
        guard case .array(let elements) = node.value else {
            return reader.wrongType(node, "an array of dates") ?? []
        }
        return elements.compactMap { element in
            ConfigDate.read(element, problems).map { BusinessCalendar.Holiday($0) }
        }
    }
}
