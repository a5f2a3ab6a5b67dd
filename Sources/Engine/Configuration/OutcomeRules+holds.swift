extension OutcomeRules.Condition: CustomStringConvertible {
    /// The condition holds for these counts; a share of nothing holds for nothing.
    ///
    /// Upper and lower case are the same, since the API's maps mix them (`Completed`, `errorHold`).
    package func holds(for jobs: [String: Int64], _ actions: [String: Int64] = [:]) -> Bool {
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
        let left = ofTotal ? "\(status) / total" : status
        let right =
            threshold == threshold.rounded() && abs(threshold) < 1e15
            ? "\(Int64(threshold))" : "\(threshold)"
        return "\(left) \(comparison.rawValue) \(right)"
    }
}
