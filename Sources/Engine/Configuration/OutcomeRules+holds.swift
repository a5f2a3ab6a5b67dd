extension OutcomeRules.Condition: CustomStringConvertible {
    /// The condition holds for these counts; a share of nothing holds for nothing.
    ///
    /// Upper and lower case are the same, since the API's maps mix them (`Completed`, `errorHold`).
    ///
    /// - Parameters:
    ///   - jobs: status to count of all jobs.
    ///   - actions: the API's own map.
    ///   - parts: counts of parts of the tree; a part that isn't there holds for nothing.
    /// - Returns: whether it holds.
    package func holds(
        for jobs: [String: Int64], _ actions: [String: Int64] = [:], parts: PartCounts = [:]
    ) -> Bool {
        if let part {
            var whole = self
            whole.part = nil
            // Without a job there is nothing that could be true of it.
            guard let counts = parts[part], !counts.isEmpty else { return false }
            return whole.holds(for: counts)
        }
        let total = (jobs.isEmpty ? actions : jobs).values
            .reduce(Int64(0)) { $0.addingReportingOverflow($1).partialValue }
        let count =
            status == "total"
            ? total : count(of: status, in: jobs) ?? count(of: status, in: actions) ?? 0
        if ofTotal && total == 0 { return false }
        let value = ofTotal ? Double(count) / Double(total) : Double(count)
        return switch comparison {
        case .greater: value > threshold
        case .greaterOrEqual: value >= threshold
        case .less: value < threshold
        case .lessOrEqual: value <= threshold
        case .equal: value == threshold
        }
    }

    private func count(of status: String, in counts: [String: Int64]) -> Int64? {
        let word = status.lowercased()
        return counts.first { $0.key.lowercased() == word }?.value
    }

    package var description: String {
        let place = part.map { $0.words + " " } ?? ""
        if isState { return "\(place)is \(status)" }
        let left = ofTotal ? "\(status) / total" : status
        let right =
            threshold == threshold.rounded() && abs(threshold) < 1e15
            ? "\(Int64(threshold))" : "\(threshold)"
        return "\(place)\(left) \(comparison.rawValue) \(right)"
    }
}
