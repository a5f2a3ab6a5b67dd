import Engine

extension TableReader {
    /// `pause_after = { failures = 3 }`: how many failures in a row pause the schedule.
    func pauseAfter() -> Int? {
        guard let table = table("pause_after", known: ["failures"]) else { return nil }
        guard table.find("failures") != nil else {
            table.missing("failures", "missing; write pause_after = { failures = 3 }")
            return nil
        }
        return table.integer("failures", in: 1...1000)
    }
}
