/// A process of the sandbox: what the API shows of it, and how its runs go.
package struct SandboxProcess: Sendable {
    /// As it stands in paths: `[A-Za-z0-9_-]{1,64}`.
    package var id: String
    /// What people call it; need not be unique.
    package var name: String
    /// The tree of groups and jobs; the root itself is a group.
    package var root: SandboxNode
    /// If false, a run stays `running` after its last job until a person closes it.
    package var autoClose = true
    /// Plain date `yyyy-MM-dd`.
    package var dueDate: String?
    /// So many days after a run was created each of its jobs is due.
    package var jobsDueAfterDays: Int64 = 30
    /// How long a run is `waiting` before its first job runs.
    package var startDelayMilliseconds: ClosedRange<Int64> = 0...0
    /// How runs end; the weights are relative to one another.
    package var endings = SandboxEndings()
    /// What validation finds; with any, a run is refused with 400.
    package var validationErrors: [SandboxValidationError] = []

    package init(id: String, name: String, root: SandboxNode) {
        self.id = id
        self.name = name
        self.root = root
    }
}

/// A group or a job of a process's tree.
package indirect enum SandboxNode: Sendable {
    /// Children in order, one after the other or all at once.
    case group(name: String, parallel: Bool, children: [SandboxNode])
    case job(SandboxJob)
}

/// A leaf of the tree: a task that a person does, taking some time.
package struct SandboxJob: Sendable {
    /// What a job does, as the API names it.
    package enum Action: String, Sendable {
        case sendTask, contentRequest, certification
    }
    /// What has to be done.
    package var action: Action
    /// What people see of it.
    package var title: String
    /// How long the job (of a certification: each signer and approver) takes.
    package var durationMilliseconds: ClosedRange<Int64>
    /// Takes one of these instead, if there are any: what runs took in truth.
    package var drawnMilliseconds: [Int64] = []
    /// Certifications: how many signers work at the same time, before one approver.
    package var signers = 2
    /// Tasks and requests: whether the last third is spent waiting for an approval.
    package var hasApprover = false

    package init(
        _ action: Action, title: String, durationMilliseconds: ClosedRange<Int64>
    ) {
        self.action = action
        self.title = title
        self.durationMilliseconds = durationMilliseconds
    }
}

/// Relative weights of how runs end.
package struct SandboxEndings: Sendable {
    /// All jobs done.
    package var complete = 1.0
    /// A person cancels it on the way.
    package var cancelled = 0.0
    /// A job fails on the way.
    package var error = 0.0
    /// A job fails on the way and is held.
    package var errorHold = 0.0
    /// After this time in `error` or `errorHold` somebody mends the run; nil: never.
    package var healsAfterMilliseconds: Int64?

    /// Makes endings of which every one is `complete`.
    package init() {}

    func pick(_ unit: Double) -> RunEnding {
        let weights: [(RunEnding, Double)] = [
            (.complete, complete), (.cancelled, cancelled), (.error, error),
            (.errorHold, errorHold),
        ]
        var rest = unit * weights.reduce(0) { $0 + max($1.1, 0) }
        for (ending, weight) in weights where weight > 0 {
            rest -= weight
            if rest < 0 { return ending }
        }
        return .complete
    }
}

/// How a run ends.
enum RunEnding: Sendable { case complete, cancelled, error, errorHold }

/// One finding of the validation call.
package struct SandboxValidationError: Sendable {
    /// For instance `invalidUser`.
    package var code: String
    /// What a person is told.
    package var message: String
    /// Which job of the tree is meant, counted in the order of the tree.
    package var jobNumber: Int

    package init(code: String, message: String, jobNumber: Int) {
        self.code = code
        self.message = message
        self.jobNumber = jobNumber
    }
}

/// The tree of a process as a flat list, parents before children; node 0 is the root.
struct Blueprint: Sendable {
    /// What a node is.
    enum Kind: Sendable, Equatable {
        case group(parallel: Bool)
        case job(action: String)
    }
    struct Node: Sendable {
        var kind: Kind
        var name: String
        var parent: Int
        var ordinal: Int
        var children: [Int] = []
        var durationMilliseconds: ClosedRange<Int64> = 0...0
        var drawnMilliseconds: [Int64] = []
        var hasApprover = false
        /// Made by a certification, not by the process's author.
        var isGenerated = false
        /// The group of generated jobs of a certification.
        var generatedGroup: Int?

        var isJob: Bool { kind != .group(parallel: true) && kind != .group(parallel: false) }
    }
    private(set) var nodes: [Node] = []

    init(root: SandboxNode) {
        switch root {
        case .group: add(root, parent: -1)
        case .job: add(.group(name: "Root", parallel: false, children: [root]), parent: -1)
        }
    }

    @discardableResult
    private mutating func add(_ node: SandboxNode, parent: Int) -> Int {
        switch node {
        case .group(let name, let parallel, let children):
            let index = append(
                Node(kind: .group(parallel: parallel), name: name, parent: parent, ordinal: 0))
            for child in children { add(child, parent: index) }
            return index
        case .job(let job):
            let kind = Kind.job(action: job.action.rawValue)
            var node = Node(kind: kind, name: job.title, parent: parent, ordinal: 0)
            node.durationMilliseconds = job.durationMilliseconds
            node.drawnMilliseconds = job.drawnMilliseconds
            node.hasApprover = job.hasApprover
            let index = append(node)
            if job.action == .certification { addGenerated(by: job, at: index) }
            return index
        }
    }

    /// Signers at once, then the phase's finalizer, then the approver, then the last finalizer.
    private mutating func addGenerated(by job: SandboxJob, at index: Int) {
        let group = append(
            Node(kind: .group(parallel: false), name: job.title, parent: index, ordinal: 0),
            isChild: false)
        nodes[index].generatedGroup = group
        let signers = append(
            Node(kind: .group(parallel: true), name: "Signing", parent: group, ordinal: 0))
        for number in 1...max(job.signers, 1) {
            addGenerated("certificationSignerGenerated", "Signer \(number)", signers, job)
        }
        addGenerated("certificationPhaseFinalizerGenerated", "Signing ends", group, nil)
        addGenerated("certificationApproverGenerated", "Approver", group, job)
        addGenerated("certificationPhaseFinalizerGenerated", "Approval ends", group, nil)
        for position in group..<nodes.count { nodes[position].isGenerated = true }
    }

    private mutating func addGenerated(
        _ action: String, _ name: String, _ parent: Int, _ job: SandboxJob?
    ) {
        var node = Node(kind: .job(action: action), name: name, parent: parent, ordinal: 0)
        node.durationMilliseconds = job?.durationMilliseconds ?? 0...0
        _ = append(node)
    }

    private mutating func append(_ node: Node, isChild: Bool = true) -> Int {
        var node = node
        let index = nodes.count
        if isChild, node.parent >= 0 {
            node.ordinal = nodes[node.parent].children.count
            nodes[node.parent].children.append(index)
        }
        nodes.append(node)
        return index
    }
}
