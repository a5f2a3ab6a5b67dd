import ProcessesAPI
import Store
import Timetable

/// What a read of a run's tree says of its parts and of what is due in it.
struct TreeReading {
    /// Names of jobs and groups, for those who look for another one.
    private(set) var names: Set<String> = []
    private(set) var counts: PartCounts = [:]
    /// The job that is due first and isn't done.
    private(set) var due: JobDue?

    private static let namesMax = 1000

    /// Reads a tree.
    ///
    /// - Parameters:
    ///   - root: as it was decoded; nil: the answer had none.
    ///   - parts: those that rules look at.
    init(_ root: GroupRun?, parts: Set<TreePart>) {
        guard let root else { return }
        for part in parts { counts[part] = [:] }
        read(root, within: [])
    }

    private mutating func read(_ group: GroupRun, within groups: [TreePart]) {
        var groups = groups
        if let name = group.name {
            note(name)
            if counts[.group(name)] != nil, !groups.contains(.group(name)) {
                groups.append(.group(name))
            }
        }
        for child in group.children {
            switch child {
            case .group(let group): read(group, within: groups)
            case .job(let job):
                read(job, within: groups)
                if let generated = job.generated { read(generated, within: groups) }
            }
        }
    }

    private mutating func read(_ job: JobRun, within groups: [TreePart]) {
        let status = job.status ?? .missing
        var parts = groups
        if let title = job.title {
            note(title)
            if counts[.job(title)] != nil { parts.append(.job(title)) }
        }
        for part in parts { counts[part]?[status.raw, default: 0] += 1 }
        guard status.isOpen, let day = job.dueDate else { return }
        let due = JobDue(
            day: String(day.prefix(10)), title: job.title ?? job.action ?? "without a title")
        guard CivilDate(iso8601: due.day)?.isValid == true else { return }
        if self.due.map({ (due.day, due.title) < ($0.day, $0.title) }) ?? true { self.due = due }
    }

    private mutating func note(_ name: String) {
        if names.count < Self.namesMax { names.insert(name) }
    }
}
