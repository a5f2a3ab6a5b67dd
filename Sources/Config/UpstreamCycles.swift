/// Finds schedules that wait for each other in a circle.
package enum UpstreamCycles {
    /// Every cycle once, each beginning with its alphabetically first schedule.
    ///
    /// - Parameter upstreams: For each schedule the schedules it waits for.
    /// - Returns: The names along each cycle, the first one not repeated at the end.
    package static func find(_ upstreams: [String: [String]]) -> [[String]] {
        var cycles: [[String]] = []
        var finished: Set<String> = []
        for start in upstreams.keys.sorted() where !finished.contains(start) {
            // An explicit stack: a chain of thousands of schedules must not overflow ours.
            var path: [String] = [start]
            var pending: [[String]] = [(upstreams[start] ?? []).sorted()]
            while !path.isEmpty {
                guard let next = pending[pending.count - 1].popLast() else {
                    pending.removeLast()
                    finished.insert(path.removeLast())
                    continue
                }
                if let index = path.firstIndex(of: next) {
                    cycles.append(turned(Array(path[index...])))
                } else if !finished.contains(next), upstreams[next] != nil {
                    path.append(next)
                    pending.append((upstreams[next] ?? []).sorted())
                }
            }
        }
        return cycles
    }

    private static func turned(_ cycle: [String]) -> [String] {
        guard let least = cycle.min(), let index = cycle.firstIndex(of: least) else { return cycle }
        return Array(cycle[index...] + cycle[..<index])
    }
}
