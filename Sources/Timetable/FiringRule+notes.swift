extension FiringRule {
    /// What people should know of a firing near a change of the zone's offset; nil: nothing.
    func shiftNote(_ firing: Firing, offset: Int) -> String? {
        let shown = firing.seconds + Int64(offset)
        if shown != firing.local {
            let wall = LocalDateTime(localSeconds: firing.local)
            let clock = LocalDateTime(localSeconds: shown)
            let runs = clock.date == wall.date ? clock.timeText : clock.iso8601
            return "\(wall.timeText) doesn't exist on \(wall.date.iso8601) (clocks go forward): "
                + "runs at \(runs)"
        }
        let (seconds, index, _) = zone.table.place(of: firing.seconds)
        let segment = zone.table[index]
        let next = zone.table[index + 1]
        let repeated = Int64(segment.previousOffset) - Int64(segment.offset)
        let willRepeat = Int64(next.previousOffset) - Int64(next.offset)
        let pass: String
        if repeated > 0, seconds - segment.start < repeated {
            pass = "second"
        } else if willRepeat > 0, next.start - seconds <= willRepeat {
            pass = "first"
        } else {
            return nil
        }
        let wall = LocalDateTime(localSeconds: firing.local)
        return "\(wall.timeText) comes twice on \(wall.date.iso8601) (clocks go back): "
            + "this is the \(pass) time"
    }

    /// The decision and the note for what the calendar makes of a day.
    func words(
        for status: HolidayStatus, day: Int64, calendar: BusinessCalendar
    ) -> (Occurrence.Decision, String?) {
        func holiday(_ day: Int64) -> String {
            "\(calendar.reason(for: day) ?? "holiday") in calendar \(calendar.name)"
        }
        func named(_ day: Int64) -> String {
            let date = CivilDate(dayNumber: day)
            return weekdayNames[date.weekday].capitalizedFirst + " " + date.iso8601
        }
        switch status {
        case .run:
            return (.run, nil)
        case .runsOnHoliday:
            return (.run, holiday(day))
        case .skipped:
            return (.skipped(reason: holiday(day)), holiday(day))
        case .moved(let original):
            return (.run, "moved from \(named(original)) (\(holiday(original)))")
        case .coalesced(let target, let owner):
            let other =
                owner == target
                ? "which has a slot of its own" : "where the slot of \(named(owner)) moves too"
            let reason = "\(holiday(day)): moves to \(named(target)), \(other)"
            return (.coalesced(reason: reason), reason)
        }
    }
}

extension String {
    /// The text with its first letter in upper case (ASCII).
    var capitalizedFirst: String {
        guard let first else { return self }
        return first.uppercased() + dropFirst()
    }
}
