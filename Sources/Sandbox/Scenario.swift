/// The world that a sandbox plays: processes, clients, limits, habits and faults.
package struct Scenario: Sendable {
    /// Whether a process can be run again.
    package enum SecondRun: String, Sendable, CaseIterable {
        case allowed
        /// 409 while a run of the process is open.
        case conflictWhileOpen
        /// 409 once the process was run at all.
        case conflict
    }

    /// Values of `X-Version` that are answered.
    package var apiVersions = ["2026-04-01.processes.preview", "2026-01-01"]
    /// Who may ask for tokens.
    package var clients = [SandboxClient()]
    /// `expires_in` of new tokens.
    package var tokenLifetimeSeconds: Int64 = 599
    /// Over all operations, tokens too; nil: none.
    package var rateLimit: RateLimit?
    /// How long an ordinary answer takes.
    package var latencyMilliseconds: ClosedRange<Int64> = 0...0
    /// How long a new run stays out of the list.
    package var listDelayMilliseconds: ClosedRange<Int64> = 0...0
    /// How long a new run can't be read by its id (404).
    package var readDelayMilliseconds: ClosedRange<Int64> = 0...0
    /// What a start of a process answers that was run before.
    package var secondRun = SecondRun.allowed
    /// How far the API's clock is from the true time, in every instant that it writes.
    package var clockSkewMilliseconds: Int64 = 0
    /// Whether `modified` of a run stands still whatever happens to it.
    package var freezesModified = false
    /// How far the API's seconds are from the true ones, 0 ..< 1000; nil: as the seed decides.
    package var clockPhaseMilliseconds: Int64?
    /// Whether instants are written with milliseconds; the `Date` header never has any.
    package var writesMilliseconds = false
    /// How many items a page of the list has at the most, whatever is asked for.
    package var pageItemsMax = 1000
    /// The processes at the beginning; later ones are added to the state.
    package var processes: [SandboxProcess] = []
    /// The faults that are armed at the beginning.
    package var faults: [FaultRule] = []

    /// Makes an empty world without limits, delays or faults.
    package init() {}
}

/// An API grant: who may ask for tokens, and as which user its calls act.
package struct SandboxClient: Sendable {
    /// The `client_id`.
    package var id = "sandbox-client"
    /// The `client_secret`.
    package var secret = "sandbox-secret"
    /// The user as which its calls act: `created.user.id` of its runs.
    package var user = "V1ZVdXNlchNTYW5kYm94LVVzZXI"
    /// What its tokens are good for.
    package var scopes = ["file:read", "file:write"]

    /// Makes the client that demos and tests use.
    package init() {}
}

/// No more than so many requests in any window of so long.
package struct RateLimit: Sendable {
    /// How many are answered.
    package var requests: Int
    /// In how long a time.
    package var windowSeconds: Int64
    /// Whether a 429 has a `Retry-After` header.
    package var sendsHeader = false
    /// Whether the message of a 429 says when to come again.
    package var sendsMessage = true
    /// Whether each operation has that many of its own, as the message says.
    package var isPerOperation = false
    /// A hint that is always the same; nil: the time after which there is room.
    package var hintSeconds: Int64?

    /// Makes a limit whose 429 has the hint in its message only, as the documentation's sample.
    package init(requests: Int, windowSeconds: Int64) {
        self.requests = requests
        self.windowSeconds = windowSeconds
    }

    static func message(
        requests: Int, windowSeconds: Int64, operation: String, hint: Int64?
    ) -> String {
        let limit =
            "Rate limit of \(requests) per \(windowSeconds) seconds exceeded for \(operation) requests."
        guard let hint else { return limit }
        return limit + " Retry request in \(hint) second\(hint == 1 ? "" : "s")."
    }
}

/// Counts the requests of the last window.
struct RateWindow: Sendable {
    private var times: [Int64] = []
    private var head = 0

    /// Takes a place in the window, or says in how many milliseconds there will be one.
    mutating func admit(at now: Int64, _ limit: RateLimit) -> Int64? {
        let width = limit.windowSeconds * 1000
        while head < times.count, times[head] <= now - width { head += 1 }
        if head > 4096 {
            times.removeFirst(head)
            head = 0
        }
        guard times.count - head >= limit.requests else {
            times.append(now)
            return nil
        }
        return head < times.count ? times[head] + width - now : width
    }
}

extension Scenario {
    /// Five processes of a finance team whose jobs take minutes.
    package static var sample: Scenario { sample(minuteMilliseconds: 60_000) }

    /// The same five processes with minutes of another length, for demos on the real clock.
    package static func sample(minuteMilliseconds minute: Int64) -> Scenario {
        var scenario = Scenario()
        scenario.latencyMilliseconds = 5...40
        scenario.listDelayMilliseconds = 0...(minute / 20)
        func job(_ action: SandboxJob.Action, _ title: String, _ minutes: ClosedRange<Int64>)
            -> SandboxNode
        {
            var job = SandboxJob(
                action, title: title,
                durationMilliseconds: minutes.lowerBound * minute...minutes.upperBound * minute)
            job.hasApprover = action == .sendTask
            return .job(job)
        }
        func process(_ id: String, _ name: String, _ children: [SandboxNode]) -> SandboxProcess {
            SandboxProcess(
                id: id, name: name,
                root: .group(name: "Root", parallel: false, children: children))
        }
        var close = process(
            "51bcc3ec3d0b4aadb69659e2a7ed767b", "Monthly close",
            [
                .group(
                    name: "Reconciliations", parallel: true,
                    children: (1...6).map { job(.sendTask, "Reconcile account \($0)", 2...9) }),
                job(.contentRequest, "Management commentary", 3...6),
                job(.certification, "Controller sign-off", 1...4),
            ])
        close.dueDate = "2026-12-31"
        let refresh = process(
            "0c9a4b7e2f5d4f61a3b8c7d6e5f40312", "GL refresh",
            [job(.sendTask, "Load ledger", 1...2), job(.sendTask, "Check totals", 1...2)])
        let collection = process(
            "8d1f6a02c4e94b7f9d3e5a6b7c8d9e0f", "ESG data collection",
            [
                .group(
                    name: "Sites", parallel: true,
                    children: ["Lyon", "Austin", "Pune", "Oslo"].map {
                        job(.contentRequest, "Figures of \($0)", 3...12)
                    })
            ])
        var campaign = process(
            "3e2d1c0b9a8f47e6b5d4c3f2a1908e7d", "SOX certification",
            [job(.certification, "302 sub-certification", 2...8)])
        campaign.endings.errorHold = 0.2
        campaign.endings.healsAfterMilliseconds = 5 * minute
        var tax = process(
            "b7a6958473625140f9e8d7c6b5a49382", "Tax package",
            [job(.sendTask, "Prepare package", 2...5), job(.sendTask, "Review package", 2...5)])
        tax.endings.cancelled = 0.1
        scenario.processes = [close, refresh, collection, campaign, tax]
        return scenario
    }
}
