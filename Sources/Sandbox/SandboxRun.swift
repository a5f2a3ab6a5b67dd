package import ProcessesAPI
package import Timetable

/// A run as it truly is: what tests and the simulation compare a ledger with.
package struct SandboxRun: Sendable {
    /// 32 hexadecimal digits.
    package let id: String
    /// The process it was made from.
    package let process: String
    /// The process's name at its start, and " - Run".
    package let name: String
    /// May lie in the future: a lost request that the API will act on later.
    package let createdAt: Instant
    /// The user who started it.
    package let user: String
    /// What the start's body asked for; by default true.
    package let sendsCompleteEmail: Bool
    /// The request that created it; nil: a person did, in Workiva.
    package let requestNumber: Int?
    /// From when the list shows it.
    package internal(set) var listedAt: Instant
    /// From when it can be read by its id.
    package internal(set) var readableAt: Instant

    let blueprint: Blueprint
    var timeline: Timeline
    let settings: SandboxProcess

    /// The status of the run as a whole.
    package func status(at instant: Instant) -> RunStatus { timeline.status(at: instant) }

    /// When it last changed.
    package func modified(at instant: Instant) -> Instant { timeline.modified(at: instant) }

    /// When it became complete, if it has.
    package func completed(at instant: Instant) -> Instant? { timeline.completed(at: instant) }

    /// The API's own map: how many jobs are in which action status, in an API version's case.
    package func actionCounts(at instant: Instant, apiVersion: String) -> [String: Int64] {
        let isPreview = APIVersion(apiVersion) == .preview
        return Dictionary(
            uniqueKeysWithValues: orderedActionCounts(at: instant, lowercased: isPreview))
    }

    /// How many jobs of the whole tree, generated ones included, are in which status.
    package func jobCounts(at instant: Instant) -> [String: Int64] {
        Dictionary(uniqueKeysWithValues: orderedJobCounts(at: instant, below: 0))
    }

    func orderedActionCounts(at instant: Instant, lowercased: Bool) -> [(String, Int64)] {
        count(blueprint.nodes.indices.lazy.filter { blueprint.nodes[$0].isJob }) { index in
            actionStatus(of: index, at: instant, lowercased: lowercased)
        }
    }

    /// Counts of the jobs below a node by job status, as groups show them.
    func orderedJobCounts(at instant: Instant, below root: Int) -> [(String, Int64)] {
        var below: [Int] = []
        collectJobs(below: root, into: &below)
        return count(below) { timeline.status(of: $0, at: instant, blueprint).raw }
    }

    /// What the action of a job says: the words are the action's own, not the statuses.
    func actionStatus(of index: Int, at instant: Instant, lowercased: Bool) -> String {
        let status = timeline.status(of: index, at: instant, blueprint)
        let word: String
        switch status {
        case .waiting: word = "Waiting"
        case .running: word = isInApproval(index, at: instant) ? "Approval" : "Running"
        case .complete: word = "Completed"
        case .cancelled: word = "Canceled"
        default: word = "Error"
        }
        return lowercased ? word.lowercased() : word
    }

    private func isInApproval(_ index: Int, at instant: Instant) -> Bool {
        guard blueprint.nodes[index].hasApprover else { return false }
        return timeline.progress(at: instant) >= timeline.approvalStart(of: index)
    }

    private func collectJobs(below index: Int, into jobs: inout [Int]) {
        let node = blueprint.nodes[index]
        for child in node.children + [node.generatedGroup].compactMap(\.self) {
            if blueprint.nodes[child].isJob { jobs.append(child) }
            collectJobs(below: child, into: &jobs)
        }
    }

    /// Counts words in the order in which they first appear, which every process agrees on.
    private func count(
        _ indices: some Sequence<Int>, _ word: (Int) -> String
    ) -> [(String, Int64)] {
        var counts: [(String, Int64)] = []
        for index in indices {
            let word = word(index)
            if let known = counts.firstIndex(where: { $0.0 == word }) {
                counts[known].1 += 1
            } else {
                counts.append((word, 1))
            }
        }
        return counts
    }
}

/// The two shapes in which the API shows runs and errors.
enum APIVersion: Equatable {
    case preview
    case stable

    init(_ header: String) {
        self = header.hasSuffix(".preview") ? .preview : .stable
    }
}
