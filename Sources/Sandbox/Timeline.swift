import ProcessesAPI
import Timetable

/// When each node of a run starts and ends, fixed when the run is created.
///
/// A status is never stored: it is asked of the plan for an instant, so that a list of ten
/// thousand runs costs nothing until somebody looks. Node times are on the run's own clock, which
/// stands still while the run is frozen (in error, cancelled) and goes on when it is mended.
struct Timeline: Sendable {
    /// A node's two transitions, on the run's clock.
    struct NodeTime: Sendable {
        var start: Int64
        var end: Int64
    }
    /// A time in which the run stands still, on the wall clock.
    struct Freeze: Sendable {
        var from: Int64
        var until: Int64
        var status: RunStatus
        /// The job that is to blame.
        var node: Int?
    }

    let createdMilliseconds: Int64
    private(set) var times: [NodeTime]
    private(set) var freezes: [Freeze] = []
    private let autoClose: Bool
    /// When a person closed it; only that ends a run without `autoClose`.
    private var closedMilliseconds = Int64.max
    /// Keeps `revision` rising and `modified` right where a person undid transitions.
    private var revisionBase: Int64 = 1
    private var modifiedFloor: Int64
    /// Jobs whose last third is spent waiting for an approval: that step is a change too.
    private let approved: [Int]

    init(blueprint: Blueprint, process: SandboxProcess, created: Instant, random: inout SplitMix64)
    {
        createdMilliseconds = created.milliseconds
        modifiedFloor = created.milliseconds
        autoClose = process.autoClose
        approved = blueprint.nodes.indices.filter { blueprint.nodes[$0].hasApprover }
        times = Array(repeating: NodeTime(start: .max, end: .max), count: blueprint.nodes.count)
        let delay = random.next(in: process.startDelayMilliseconds)
        let start = created.adding(milliseconds: delay).milliseconds
        _ = plan(0, from: start, blueprint, &random)
        planEnding(of: process, blueprint, &random)
    }

    private mutating func plan(
        _ index: Int, from start: Int64, _ blueprint: Blueprint, _ random: inout SplitMix64
    ) -> Int64 {
        let node = blueprint.nodes[index]
        var end = start
        if case .group(let parallel) = node.kind {
            for child in node.children {
                let childEnd = plan(child, from: parallel ? start : end, blueprint, &random)
                end = max(end, childEnd)
            }
        } else if let generated = node.generatedGroup {
            end = plan(generated, from: start, blueprint, &random)
        } else {
            let drawn = node.drawnMilliseconds
            let duration =
                drawn.isEmpty
                ? random.next(in: node.durationMilliseconds)
                : drawn[Int(random.next(in: 0...Int64(drawn.count - 1)))]
            end = Instant(milliseconds: start).adding(milliseconds: max(duration, 0)).milliseconds
        }
        times[index] = NodeTime(start: start, end: end)
        return end
    }

    private mutating func planEnding(
        of process: SandboxProcess, _ blueprint: Blueprint, _ random: inout SplitMix64
    ) {
        let ending = process.endings.pick(random.nextUnit())
        let start = times[0].start
        let end = times[0].end
        guard ending != .complete, end > start else { return }
        let moment = start + random.next(in: 0...(end - start - 1))
        let status: RunStatus =
            switch ending {
            case .complete, .cancelled: .cancelled
            case .error: .error
            case .errorHold: .errorHold
            }
        let healing = ending == .cancelled ? nil : process.endings.healsAfterMilliseconds
        let until = healing.map {
            Instant(milliseconds: moment).adding(milliseconds: $0).milliseconds
        }
        freezes.append(
            Freeze(
                from: moment, until: until ?? .max, status: status,
                node: runningJob(at: moment, blueprint)))
    }

    private func runningJob(at moment: Int64, _ blueprint: Blueprint) -> Int? {
        times.indices.first { index in
            blueprint.nodes[index].isJob && times[index].start <= moment
                && moment < times[index].end
        }
    }
}

// MARK: - What the plan says of an instant

extension Timeline {
    /// The run's own clock at an instant.
    func progress(at instant: Instant) -> Int64 {
        var frozen: Int64 = 0
        for freeze in freezes {
            guard instant.milliseconds > freeze.from else { break }
            frozen += min(instant.milliseconds, freeze.until) - freeze.from
        }
        return instant.milliseconds - frozen
    }

    /// The wall time at which the run's clock showed a value.
    private func wall(_ progress: Int64) -> Int64 {
        var frozen: Int64 = 0
        for freeze in freezes {
            guard progress > freeze.from - frozen, freeze.until < .max else { break }
            frozen += freeze.until - freeze.from
        }
        return progress + frozen
    }

    func freeze(at instant: Instant) -> Freeze? {
        freezes.last { $0.from <= instant.milliseconds && instant.milliseconds < $0.until }
    }

    /// The status of the run as a whole.
    func status(at instant: Instant) -> RunStatus {
        if let freeze = freeze(at: instant) { return freeze.status }
        if instant.milliseconds >= closedMilliseconds { return .complete }
        let progress = progress(at: instant)
        if progress < times[0].start { return .waiting }
        return autoClose && progress >= times[0].end ? .complete : .running
    }

    /// The status of one node of the tree.
    func status(of index: Int, at instant: Instant, _ blueprint: Blueprint) -> RunStatus {
        let progress = progress(at: instant)
        let time = times[index]
        let plain: RunStatus =
            progress < time.start ? .waiting : progress < time.end ? .running : .complete
        guard let freeze = freeze(at: instant) else { return plain }
        if freeze.status == .cancelled { return plain == .complete ? .complete : .cancelled }
        var blamed = freeze.node ?? 0
        while blamed >= 0 {
            if blamed == index { return freeze.status }
            blamed = blueprint.nodes[blamed].parent
        }
        return plain
    }

    /// When the approval of a job with an approver begins, in the run's own progress.
    func approvalStart(of index: Int) -> Int64 {
        let time = times[index]
        return time.end == .max ? .max : time.end - (time.end - time.start) / 3
    }

    /// When the run's last change was.
    func modified(at instant: Instant) -> Instant {
        let progress = progress(at: instant)
        var last = Int64.min
        for time in times {
            if time.start <= progress { last = max(last, time.start) }
            if time.end <= progress { last = max(last, time.end) }
        }
        for index in approved {
            let step = approvalStart(of: index)
            if step <= progress { last = max(last, step) }
        }
        var modified = max(modifiedFloor, last == .min ? .min : wall(last))
        for freeze in freezes {
            for edge in [freeze.from, freeze.until] where edge <= instant.milliseconds {
                modified = max(modified, edge)
            }
        }
        return Instant(milliseconds: modified)
    }

    /// How many changes the run has seen; never falls.
    func revision(at instant: Instant) -> Int64 {
        let progress = progress(at: instant)
        var revision = revisionBase
        for time in times {
            revision += (time.start <= progress ? 1 : 0) + (time.end <= progress ? 1 : 0)
        }
        for freeze in freezes {
            revision += freeze.from <= instant.milliseconds ? 1 : 0
            revision += freeze.until <= instant.milliseconds ? 1 : 0
        }
        return revision
    }

    /// When the run became complete, as of an instant.
    func completed(at instant: Instant) -> Instant? {
        guard status(at: instant) == .complete else { return nil }
        let end = autoClose ? wall(times[0].end) : .max
        return Instant(milliseconds: min(closedMilliseconds, end))
    }
}

// MARK: - What people do to a run

extension Timeline {
    /// Puts the run into a status from an instant on, as a person does in Workiva.
    mutating func set(_ status: RunStatus, at instant: Instant, _ blueprint: Blueprint) {
        let before = revision(at: instant)
        switch status {
        case .running: reopen(at: instant, blueprint)
        case .complete: finish(at: instant)
        default:
            let node = runningJob(at: progress(at: instant), blueprint)
            thaw(at: instant)
            freezes.append(
                Freeze(from: instant.milliseconds, until: .max, status: status, node: node))
        }
        modifiedFloor = instant.milliseconds
        revisionBase += max(0, before + 1 - revision(at: instant))
    }

    /// Ends the freeze that holds now and forgets the ones that were planned for later.
    private mutating func thaw(at instant: Instant) {
        freezes.removeAll { $0.from > instant.milliseconds }
        if let last = freezes.indices.last, freezes[last].until > instant.milliseconds {
            freezes[last].until = instant.milliseconds
        }
    }

    /// A frozen run goes on; of a finished one the last job is done once more.
    private mutating func reopen(at instant: Instant, _ blueprint: Blueprint) {
        let wasComplete = status(at: instant) == .complete
        thaw(at: instant)
        closedMilliseconds = .max
        guard wasComplete else { return }
        let progress = progress(at: instant)
        let last = times.indices.last { blueprint.nodes[$0].isJob } ?? 0
        let duration = max(times[last].end - times[last].start, 1)
        let end = Instant(milliseconds: progress).adding(milliseconds: duration).milliseconds
        var index = last
        while index >= 0 {
            times[index].end = end
            index = blueprint.nodes[index].parent
        }
    }

    private mutating func finish(at instant: Instant) {
        thaw(at: instant)
        let progress = progress(at: instant)
        for index in times.indices {
            times[index].start = min(times[index].start, progress)
            times[index].end = min(times[index].end, progress)
        }
        closedMilliseconds = instant.milliseconds
    }
}
