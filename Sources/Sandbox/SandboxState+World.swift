package import ProcessesAPI
package import Timetable

/// What people do in Workiva while nobody looks through the API.
extension SandboxState {
    /// Adds a process; one with the same id is replaced, its runs stay.
    package mutating func addProcess(_ process: SandboxProcess, at instant: Instant) {
        advance(to: instant)
        add(process)
    }

    mutating func add(_ process: SandboxProcess) {
        nameOrder = nil
        let modified = now.milliseconds == .min ? Instant(milliseconds: 0) : now
        var listed = ListedProcess(
            process: process, blueprint: Blueprint(root: process.root), modified: modified)
        if let known = processIndex[process.id] {
            listed.runs = processes[known].runs
            listed.revision = processes[known].revision + 1
            processes[known] = listed
        } else {
            processIndex[process.id] = processes.count
            processes.append(listed)
        }
    }

    /// Changes a process in place: its name, endings, findings; its tree for later runs.
    package mutating func changeProcess(
        _ id: String, at instant: Instant, _ change: (inout SandboxProcess) -> Void
    ) {
        advance(to: instant)
        guard let index = processIndex[id] else { return }
        var process = processes[index].process
        change(&process)
        process.id = id
        add(process)
    }

    /// Gives a process another name.
    package mutating func renameProcess(_ id: String, to name: String, at instant: Instant) {
        changeProcess(id, at: instant) { $0.name = name }
    }

    /// Moves a process to the trash; its runs can still be read.
    package mutating func deleteProcess(_ id: String, at instant: Instant) {
        advance(to: instant)
        guard let index = processIndex[id] else { return }
        processes[index].isDeleted = true
        nameOrder = nil
    }

    /// A person presses Run: the new run's id, or nil if the process is gone.
    @discardableResult
    package mutating func startByPerson(
        process: String, user: String, at instant: Instant
    ) -> String? {
        advance(to: instant)
        guard let index = processIndex[process], !processes[index].isDeleted else { return nil }
        let requester = RunRequester(user: user, sendsCompleteEmail: true, requestNumber: nil)
        return createRun(of: index, at: now, requester)
    }

    /// A person cancels, closes, reopens or breaks a run, or gives it any other status.
    ///
    /// `running` lets a stopped run go on, and does the last job of a finished one again.
    package mutating func setRunStatus(_ id: String, _ status: RunStatus, at instant: Instant) {
        advance(to: instant)
        guard let index = runIndex[id] else { return }
        let blueprint = runs[index].blueprint
        runs[index].timeline.set(status, at: now, blueprint)
    }

    /// Makes all tokens void, as when a grant is renewed.
    package mutating func revokeTokens() {
        tokens.removeAll()
    }

    /// The runs of a process that exist at an instant, oldest first.
    package func runs(of process: String, at instant: Instant) -> [SandboxRun] {
        guard let index = processIndex[process] else { return [] }
        return processes[index].runs.map { runs[$0] }.filter { $0.createdAt <= instant }
    }

    /// The run of an id, also one that will only come to be.
    package func run(_ id: String) -> SandboxRun? {
        runIndex[id].map { runs[$0] }
    }
}

/// Who starts a run, and how.
struct RunRequester {
    var user: String
    var sendsCompleteEmail: Bool
    var requestNumber: Int?
}

extension SandboxState {
    /// Creates a run; `instant` may lie in the future, for requests that are acted upon late.
    mutating func createRun(
        of index: Int, at instant: Instant, _ requester: RunRequester, hiddenMilliseconds: Int64 = 0
    ) -> String {
        let process = processes[index].process
        let blueprint = processes[index].blueprint
        let number = runs.count
        let id = Identifier.make(seed: seed, kind: 1, number: number)
        // Each run has chance of its own, so that one more request elsewhere changes no other run.
        var random = SplitMix64(
            seed: seed ^ FNV1a.hash(process.id)
                ^ SplitMix64.mixed(UInt64(processes[index].runs.count + 1)))
        let listDelay = random.next(in: scenario.listDelayMilliseconds)
        let readDelay = random.next(in: scenario.readDelayMilliseconds)
        let timeline = Timeline(
            blueprint: blueprint, process: process, created: instant, random: &random)
        runs.append(
            SandboxRun(
                id: id, process: process.id, name: process.name + " - Run", createdAt: instant,
                user: requester.user, sendsCompleteEmail: requester.sendsCompleteEmail,
                requestNumber: requester.requestNumber,
                listedAt: instant.adding(
                    milliseconds: max(0, listDelay).addingSaturating(hiddenMilliseconds)),
                readableAt: instant.adding(milliseconds: max(0, readDelay)),
                blueprint: blueprint, timeline: timeline, settings: process))
        runIndex[id] = number
        // No copy of the process is alive here: its list of runs grows in place.
        var place = processes[index].runs.count
        while place > 0, runs[processes[index].runs[place - 1]].createdAt > instant { place -= 1 }
        processes[index].runs.insert(number, at: place)
        return id
    }

    /// The one run that the list shows of a process at an instant: the newest that can be seen.
    func listedRun(of index: Int, at instant: Instant) -> Int? {
        processes[index].runs.last {
            runs[$0].createdAt <= instant && runs[$0].listedAt <= instant
        }
    }

    /// How far the API's clock is ahead of the true time.
    package var clockOffsetMilliseconds: Int64 {
        scenario.clockSkewMilliseconds.addingSaturating(
            scenario.clockPhaseMilliseconds ?? Int64(SplitMix64.mixed(seed) % 1_000))
    }

    /// The API's own clock, in the form that it writes.
    func written(_ instant: Instant) -> String {
        TimeText.iso8601(
            instant.adding(milliseconds: clockOffsetMilliseconds),
            milliseconds: scenario.writesMilliseconds)
    }
}
