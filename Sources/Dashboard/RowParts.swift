import Mustache

// Rows that a page repeats name their parts by themselves: through reflection every name that is asked
// for makes a mirror of all fields.

extension RowView: MustacheParent {
    func child(named name: String) -> Any? {
        switch name {
        case "name": self.name
        case "href": href
        case "rule": rule
        case "timezone": timezone
        case "description": description
        case "hasDescription": hasDescription
        case "tags": tags
        case "state": state
        case "hasState": hasState
        case "stateTone": stateTone
        case "nextIn": nextIn
        case "nextLocal": nextLocal
        case "note": note
        case "hasNote": hasNote
        case "strip": strip
        // False draws nothing; nil would be looked for further out.
        case "active": active.map { $0 as Any } ?? false
        case "last": last.map { $0 as Any } ?? false
        case "spark": spark.map { $0 as Any } ?? false
        default: nil
        }
    }
}

extension HistoryView: MustacheParent {
    func child(named name: String) -> Any? {
        switch name {
        case "href": href
        case "slotLocal": slotLocal
        case "when": when
        case "schedule": schedule
        case "result": result
        case "tone": tone
        case "reason": reason
        case "run": run.map { $0 as Any } ?? false
        case "took": took
        case "lastError": lastError
        case "hasError": hasError
        case "deadline": deadline
        default: nil
        }
    }
}

extension RunLineView: MustacheParent {
    func child(named name: String) -> Any? {
        switch name {
        case "runID": runID
        case "path": path
        case "shortID": shortID
        case "status": status
        case "tone": tone
        case "age": age
        case "forecast": forecast
        case "forecastTone": forecastTone
        case "bar": bar.map { $0 as Any } ?? false
        default: nil
        }
    }
}
