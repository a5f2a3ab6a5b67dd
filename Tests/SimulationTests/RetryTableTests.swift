import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// The table of docs/retry.md#decision-table:
/// one test a column, through the real encoding, classification and turn.
@Suite struct RetryTableTests {
    /// What befalls the first request of an operation.
    struct Event: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let fault: Fault

        init(_ name: String, _ fault: Fault) {
            testDescription = name
            self.fault = fault
        }

        static func status(_ status: Int) -> Event {
            Event("\(status)", .error(status, acts: false))
        }
        static func gateway(_ status: Int) -> Event {
            Event("\(status) of a gateway", .foreign(status, acts: false))
        }
        static let refused = Event("connection refused", .unreachable(isCertificate: false))
        static let certificate = Event("bad certificate", .unreachable(isCertificate: true))
        static let lost = Event("lost", .lostBefore)
        static let deadline = Event(
            "timeout",
            {
                var fault = Fault.slow(60_000)
                fault.effect = .nothing
                return fault
            }())
        static let redirect = Event("307", without(.redirect(to: "https://elsewhere.example")))
        static let unreadable = [
            Event("2xx, garbage", without(.garbage)), Event("2xx, empty", without(.empty)),
            Event("2xx, cut", without(.cut)),
        ]
        static let hinted = Event(
            "429 with a hint",
            .rateLimited(operation: "listJobs", seconds: 40, header: true))
        static let unhinted = Event("429 without a hint", .error(429, acts: false))
        static let overloaded = Event(
            "503 with a hint",
            {
                var fault = Fault.error(503, acts: false)
                fault.headers = [("Retry-After", "40")]
                return fault
            }())

        private static func without(_ answer: Fault.Answer) -> Fault {
            var fault = Fault.answer(answer)
            fault.effect = .nothing
            return fault
        }
    }

    // MARK: POST /processes/{id}/run

    /// How a slot stands after the first answer to its start, and in the end.
    struct StartRow: Sendable, CustomTestStringConvertible {
        let event: Event
        /// Right after the answer.
        let then: String
        /// Half an hour later, with the number of attempts.
        let finally: String
        /// Attempts that count against `retry.max_attempts` by then.
        let counted: Int
        /// The second start came no sooner than this after the first, in seconds.
        let gapSeconds: ClosedRange<Int64>?
        var onConflict = ConflictPolicy.fail
        var testDescription: String {
            event.testDescription + (onConflict == .retry ? " retried" : "")
        }

        init(
            _ event: Event, _ then: String, _ finally: String, counted: Int = 0,
            gap: ClosedRange<Int64>? = nil, onConflict: ConflictPolicy = .fail
        ) {
            self.event = event
            self.then = then
            self.finally = finally
            self.counted = counted
            gapSeconds = gap
            self.onConflict = onConflict
        }
    }

    /// Ambiguous: looked for until proven absent, then sent again; never within the exposure.
    private static func ambiguous(_ event: Event) -> StartRow {
        StartRow(event, "unknown", "started 2", counted: 1, gap: 149...300)
    }

    static let starts =
        [
            StartRow(.refused, "pending", "started 2", gap: 1...6),
            StartRow(.certificate, "pending", "started 2", gap: 300...310),
            StartRow(.hinted, "pending", "started 2", gap: 40...43),
            StartRow(.unhinted, "pending", "started 2", gap: 10...13),
            StartRow(.overloaded, "pending", "started 2", gap: 40...43),
            StartRow(.status(503), "pending", "started 2", counted: 1, gap: 1...6),
            StartRow(.status(401), "pending", "started 2", gap: 0...2),
            StartRow(.status(409), "failed", "failed 1"),
            StartRow(
                .status(409), "pending", "started 2", counted: 1, gap: 1...6, onConflict: .retry),
        ]
        + [400, 403, 404, 405, 413, 415, 422].map {
            StartRow(.status($0), "failed", "failed 1")
        }
        + ([
            .lost, .deadline, .redirect, .status(408), .status(421), .status(425), .status(500),
            .status(502), .status(504), .status(507), .gateway(502), .gateway(503), .gateway(504),
        ]
        // Nothing of a gateway is a refusal: the request may have been passed on before.
        + [400, 401, 403, 404, 405, 409, 413, 415, 422, 429].map(Event.gateway)
        + Event.unreadable).map(ambiguous)

    @Test(arguments: starts)
    func start(row: StartRow) throws {
        let fixture = try Fixture([Fixture.schedule { $0.onConflict = row.onConflict }])
        fixture.simulator.sandbox.inject(.next(row.event.fault, operation: "runProcess"))
        try fixture.simulator.boot()
        let isSlow = row.event.fault.delayMilliseconds > 0
        try fixture.run(untilMinute: 15, second: isSlow ? 36 : 1)
        // A 401 and the token after it are over within this second.
        let isQuick = row.gapSeconds?.lowerBound == 0
        if !isQuick { #expect(try fixture.told() == "15 \(row.then)") }
        try fixture.run(untilMinute: 29)
        let slot = try #require(try fixture.slots().first)
        #expect("\(slot.disposition.rawValue) \(slot.attempts)" == row.finally)
        #expect(slot.attemptsCounted == row.counted)
        let starts = fixture.simulator.starts
        if let gap = row.gapSeconds, starts.count == 2 {
            let seconds = starts[1].at.since(starts[0].at) / 1000
            #expect(gap.contains(seconds), "\(seconds) s")
        }
        #expect(fixture.simulator.sandbox.runs.count == (slot.disposition == .started ? 1 : 0))
        // I6: the answer, and what follows from it, in words.
        let errors = try fixture.ask(
            "SELECT count(*), min(length(next_step)) > 0 FROM error_log WHERE operation = 'runProcess'"
        )
        #expect(errors == ["1|1"])
        try fixture.check()
    }

    @Test func startAfterItsDeadline() throws {
        let fixture = try Fixture([
            Fixture.schedule(every: 60) {
                $0.startWithinMilliseconds = 300_000
                $0.missedWindowMilliseconds = 600_000
            }
        ])
        fixture.simulator.sandbox.inject(FaultRule(Event.refused.fault, operation: "runProcess"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 75)
        #expect(try fixture.told() == "60 expired")
    }

    @Test func unavailableUsesUpItsAttempts() throws {
        let fixture = try Fixture([Fixture.schedule { $0.retry.maxAttempts = 3 }])
        fixture.simulator.sandbox.inject(
            FaultRule(.error(503, acts: false), operation: "runProcess"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 25)
        let slot = try #require(try fixture.slots().first)
        #expect("\(slot.disposition.rawValue) \(slot.attempts)" == "failed 3")
        #expect(slot.reason.contains("retry.max_attempts (3) is used up"))
    }

    // MARK: GET /processRuns/{id}

    /// When a run is read again after a read that failed, and what is written of it.
    struct PollRow: Sendable, CustomTestStringConvertible {
        let event: Event
        let gapSeconds: ClosedRange<Int64>
        var outcome = "active"
        var alarm: String?
        var testDescription: String { event.testDescription }

        init(_ event: Event, _ gap: ClosedRange<Int64>, alarm: String? = nil) {
            self.event = event
            gapSeconds = gap
            self.alarm = alarm
        }
    }

    static let polls =
        [
            PollRow(.hinted, 40...60), PollRow(.unhinted, 10...60), PollRow(.overloaded, 40...60),
            PollRow(.status(401), 0...2), PollRow(.status(409), 30...35),
            // Young runs may not be readable yet (replication).
            PollRow(.status(404), 30...35),
        ]
        + [400, 403, 405, 410, 413, 415, 422].map {
            PollRow(.status($0), 21_600...21_605, alarm: "not readable")
        }
        + ([
            .refused, .lost, .deadline, .redirect, .status(408), .status(421), .status(425),
            .status(500), .status(502), .status(503), .status(504), .gateway(502),
        ]
        + [400, 401, 403, 404, 405, 410, 413, 415, 422].map(Event.gateway)
        + Event.unreadable).map { PollRow($0, 30...72) }

    @Test(arguments: polls)
    func poll(row: PollRow) throws {
        let fixture = try Fixture(
            [Fixture.schedule(every: 1440) { $0.poll.maxMilliseconds = 6 * 3_600_000 }],
            runMinutes: 3000...3000)
        fixture.simulator.sandbox.log.keepsEntries = true
        // Lists without runs: every look at the run is a read of its own.
        fixture.simulator.sandbox.inject(
            FaultRule(.listing(.withoutRuns), operation: "listProcesses"))
        try fixture.simulator.boot()
        fixture.simulator.command(
            .trigger(schedule: "s", uuid: "u", force: false, reason: ""))
        try fixture.run(untilMinute: 1)
        fixture.simulator.sandbox.inject(.next(row.event.fault, operation: "getProcessRun"))
        try fixture.run(untilMinute: 370)
        let reads = fixture.simulator.sandbox.log.entries.filter { $0.operation == "getProcessRun" }
        let struck = reads.firstIndex { $0.isFaulted } ?? reads.count
        try #require(reads.count > struck + 1)
        let seconds = reads[struck + 1].at.since(reads[struck].at) / 1000
        #expect(row.gapSeconds.contains(seconds), "\(seconds) s")
        // A poll that fails is never a run that failed.
        #expect(try fixture.ask("SELECT status, outcome FROM runs") == ["running|active"])
        #expect(
            try fixture.ask("SELECT times FROM error_log WHERE operation = 'getProcessRun'")
                == ["1"])
        if let alarm = row.alarm {
            let raised = try fixture.ask(
                "SELECT count(*) FROM events WHERE kind = replace('\(alarm)', ' ', '_')")
            #expect(raised == ["1"])
        }
        // It was read again, so whatever was raised is gone.
        #expect(try fixture.ask("SELECT kind FROM attention") == [])
        try fixture.check()
    }

    // MARK: GET /processes

    /// When the list is asked for again after one that failed; its start waits for it.
    static let lists: [(Event, ClosedRange<Int64>)] =
        [
            (.hinted, 40...43), (.unhinted, 10...13), (.overloaded, 40...43),
            (.status(401), 2...4), (.redirect, 2...4), (.lost, 2...4), (.refused, 2...4),
            (.certificate, 2...4), (.deadline, 36...40), (.gateway(503), 2...4),
        ]
        + [400, 403, 404, 405, 408, 409, 421, 425, 500, 502, 503, 504].map {
            (Event.status($0), 2...4)
        }
        + ([400, 401, 403, 404, 405].map(Event.gateway) + Event.unreadable).map { ($0, 2...4) }

    @Test(arguments: lists)
    func list(event: Event, gapSeconds: ClosedRange<Int64>) throws {
        let fixture = try Fixture()
        fixture.simulator.sandbox.log.keepsEntries = true
        fixture.simulator.sandbox.inject(.next(event.fault, operation: "listProcesses"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 17)
        let lists = fixture.simulator.sandbox.log.entries.filter { $0.operation == "listProcesses" }
        try #require(lists.count > 1)
        let seconds = lists[1].at.since(lists[0].at) / 1000
        #expect(gapSeconds.contains(seconds), "\(seconds) s")
        let slot = try #require(try fixture.slots().first)
        #expect(slot.disposition == .started && slot.attempts == 1)
        #expect(!slot.reason.contains("no check was possible"))
        let errors = try fixture.ask(
            "SELECT times FROM error_log WHERE operation = 'listProcesses'")
        #expect(errors == ["1"])
        try fixture.check()
    }

    // MARK: POST /processes/{id}/validation, ahead of a start

    static let validations: [(Event, ClosedRange<Int64>)] =
        [(.hinted, 40...45), (.unhinted, 10...45), (.overloaded, 40...45), (.status(401), 0...12)]
        + ([.refused, .lost, .redirect, .gateway(503)] + Event.unreadable
        + [400, 401, 403, 404, 405, 413, 415, 422].map(Event.gateway)
        + [408, 409, 421, 425, 500, 502, 503, 504].map { Event.status($0) })
        .map { ($0, 1...35) }

    @Test(arguments: validations)
    func validation(event: Event, gapSeconds: ClosedRange<Int64>) throws {
        let fixture = try Fixture([Fixture.schedule { $0.validateFirst = true }])
        fixture.simulator.sandbox.log.keepsEntries = true
        fixture.simulator.sandbox.inject(.next(event.fault, operation: "validateProcess"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 20)
        let asked = fixture.simulator.sandbox.log.entries.filter {
            $0.operation == "validateProcess"
        }
        try #require(asked.count == 2)
        let seconds = asked[1].at.since(asked[0].at) / 1000
        #expect(gapSeconds.contains(seconds), "\(seconds) s")
        #expect(try fixture.told() == "15 started")
        #expect(
            try fixture.ask("SELECT times FROM error_log WHERE operation = 'validateProcess'")
                == ["1"])
        try fixture.check()
    }

    @Test(arguments: [400, 403, 404, 405, 413, 415, 422])
    func aRefusedValidationFailsTheSlot(status: Int) throws {
        let fixture = try Fixture([Fixture.schedule { $0.validateFirst = true }])
        fixture.simulator.sandbox.inject(
            FaultRule(.error(status, acts: false), operation: "validateProcess"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 17)
        #expect(try fixture.told() == "15 failed")
        #expect(fixture.requests("validateProcess") == 1)
    }

    @Test func findingsOfAValidationAreRecordedWithTheJobTheyName() throws {
        let fixture = try Fixture([Fixture.schedule { $0.validateFirst = true }])
        fixture.simulator.sandbox.changeProcess("p1", at: fixture.simulator.time) {
            $0.validationErrors = [
                SandboxValidationError(code: "invalidUser", message: "Gone.", jobNumber: 0)
            ]
        }
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 17)
        #expect(try fixture.told() == "15 failed")
        let rows = try fixture.ask(
            """
            SELECT operation, code, message, length(target) > 0, meta LIKE '%jobId%' FROM error_log
            """)
        #expect(rows == ["validateProcess|invalidUser|Gone.|1|1"])
        #expect(fixture.simulator.starts.isEmpty)
    }

    // MARK: POST /oauth2/token

    /// When a token is asked for again, and whether the credential is blamed.
    static let tokens: [(Event, ClosedRange<Int64>, isBlamed: Bool)] =
        [
            (.hinted, 40...45, false), (.unhinted, 10...13, false), (.overloaded, 40...45, false),
            (.deadline, 35...50, false),
        ] + refused
        + ([.refused, .certificate, .lost, .redirect, .gateway(503)] + Event.unreadable
        + [400, 401, 403, 404].map(Event.gateway)
        + [408, 421, 425, 500, 502, 503, 504].map { Event.status($0) })
        .map { ($0, 4...12, false) }

    /// Asking again soon won't change them.
    private static let refused: [(Event, ClosedRange<Int64>, isBlamed: Bool)] =
        [400, 401, 403, 404, 405].map { (.status($0), 60...65, true) }

    @Test(arguments: tokens)
    func token(event: Event, gapSeconds: ClosedRange<Int64>, isBlamed: Bool) throws {
        let fixture = try Fixture()
        fixture.simulator.sandbox.log.keepsEntries = true
        fixture.simulator.sandbox.inject(.next(event.fault, operation: "token"))
        try fixture.simulator.boot()
        try fixture.run(untilMinute: 14, second: 50)
        #expect(try fixture.alarms(.credential).isEmpty == !isBlamed)
        try fixture.run(untilMinute: 18)
        let asked = fixture.simulator.sandbox.log.entries.filter { $0.operation == "token" }
        try #require(asked.count > 1)
        let seconds = asked[1].at.since(asked[0].at) / 1000
        #expect(gapSeconds.contains(seconds), "\(seconds) s")
        let slot = try #require(try fixture.slots().first)
        #expect(slot.disposition == .started && slot.attempts == 1)
        #expect(try fixture.alarms(.credential) == [])
        #expect(
            try fixture.ask("SELECT times FROM error_log WHERE operation = 'token'") == ["1"])
        try fixture.check()
    }
}
