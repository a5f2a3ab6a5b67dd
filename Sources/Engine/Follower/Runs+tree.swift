import ProcessesAPI
import Store
import Timetable

/// What rules can't see in a run's tree.
extension Runs {
    private static let namesToldMax = 5

    /// The last full read has counted these parts, also those that it found no job of.
    func hasRead(_ parts: Set<TreePart>, of row: RunRow) throws -> Bool {
        try parts.isEmpty
            || Set(parts.map(\.words)).isSubset(of: ledger.partsRead(ofRun: row.runKey))
    }

    /// Jobs below the depth that is read are in no count, so rules on counts don't see them.
    func noteCutTree(
        _ run: ProcessRun, runID: String, of schedule: String?
    ) throws {
        guard let name = schedule, let rules = roster.schedules[name]?.outcome,
            !rules.isEmpty
        else { return }
        guard run.isTreeTruncated else { return try ledger.clear(kind: .cutTree, subject: name) }
        try ledger.raise(
            kind: .cutTree, subject: name,
            whatToDo: "the tree of run \(runID) is nested deeper than Carillon reads, so "
                + "fail_if and warn_if don't see the jobs below; check them in Workiva", now: now)
    }

    /// Rules on a job or group that the tree doesn't have never hold: somebody has renamed it, or
    /// the config has a typing error.
    func noteMissingParts(_ reading: TreeReading, runID: String, of schedule: String?) throws {
        guard let name = schedule, let rules = roster.schedules[name]?.outcome,
            !rules.parts.isEmpty, !reading.counts.isEmpty
        else { return }
        let missing = rules.parts.filter { reading.counts[$0]?.isEmpty ?? true }
            .map(\.words).sorted()
        guard !missing.isEmpty else { return try ledger.clear(kind: .missingPart, subject: name) }
        let names = reading.names.sorted().prefix(Self.namesToldMax).map { "\"\($0)\"" }
        try ledger.raise(
            kind: .missingPart, subject: name,
            whatToDo: "the tree of run \(runID) has no \(missing.joined(separator: ", no ")), so "
                + "that rule of outcome never holds; it has: \(names.joined(separator: ", "))"
                + (reading.names.count > names.count ? " and others" : ""), now: now)
    }
}
