import ProcessesAPI
import Store
import Timetable

/// The check ahead of a slot: token, look and validation, while there is time to mend what is wrong.
///
/// It never starts anything and never holds up a slot.
final class Preflight: Room, Grounded {
    /// A list this old still tells which processes there are.
    private static let listAgeMaxMilliseconds = ListPace.gapMillisecondsMax
    private static let inFlightMax = 4
    /// What is wrong is looked at again at this pace, within these bounds.
    private static let recheckMilliseconds: ClosedRange<Int64> = 300_000...3_600_000

    let ground: Ground
    private let gate: Gate
    private let lister: Lister
    private let plan: PreflightPlan
    /// Schedules whose process is being validated.
    private var validating: Set<String> = []

    init(_ ground: Ground, gate: Gate, lister: Lister, plan: PreflightPlan) {
        self.ground = ground
        self.gate = gate
        self.lister = lister
        self.plan = plan
    }

    func keep() -> () -> Void {
        let kept = validating
        return { [self] in validating = kept }
    }

    func forget(_ schedule: String) { validating.remove(schedule) }

    // MARK: Ask

    /// Goes on with the checks that are due, as far as the budget lets them: starts go first.
    func checkAhead() throws {
        for name in roster.connections.keys.sorted() {
            // What is wrong with the whole connection has an alarm of its own.
            guard let connection = roster.connection(name) else { continue }
            if let obstacle = try gate.obstacle(to: .check, connection) {
                if let until = obstacle.until { book.wake(at: until) }
                continue
            }
            var goesOn = true
            for check in try ledger.preflightsDue(
                connection: name, now: now, limit: limits.preflightsMax)
            where goesOn {
                let done = try book.step(
                    "check ahead of \(check.schedule)", schedule: check.schedule
                ) {
                    goesOn = try checkAhead(check, connection)
                }
                if !done { try retry(check) }
            }
        }
    }

    /// Takes a check one request further.
    ///
    /// - Returns: false if nothing more can go out now.
    private func checkAhead(_ check: PreflightRow, _ connection: Connection) throws -> Bool {
        var check = check
        guard let schedule = roster.schedule(check.schedule), check.slotAt > now,
            let subject = plan.subject(of: schedule, check.slotAt)
        else {
            try plan.drop(check)
            return true
        }
        if try !ledger.pauses(schedule: check.schedule, covering: check.slotAt).isEmpty {
            // Nothing would be started; it may be resumed before the slot.
            check.nextAt = now.adding(milliseconds: Self.recheckMilliseconds.lowerBound)
            try ledger.save(check)
            return true
        }
        guard let listedAt = lister.completeAt(connection.name),
            (0...Self.listAgeMaxMilliseconds).contains(now.since(listedAt))
        else {
            check.state = .listing
            try retry(check)
            lister.want(look: connection.name, .other)
            return true
        }
        let processID: String
        switch schedule.process {
        case .id(let id):
            let look = lister.looks[ProcessKey(baseURL: connection.baseURL, processID: id)]
            guard let look, look.requestedAt >= listedAt else {
                try fail(check, PreflightProblem(.unlisted), operation: "listProcesses", connection)
                return true
            }
            processID = id
        case .name:
            let found = lister.names(connection.name)?.processes(named: subject) ?? []
            guard let only = found.first, found.count == 1 else {
                let problem = PreflightProblem(.misnamed, found.joined(separator: ", "))
                try fail(check, problem, operation: "listProcesses", connection)
                return true
            }
            processID = only
        }
        check.process = subject
        return try validate(check, processID, connection)
    }

    private func validate(
        _ check: PreflightRow, _ processID: String, _ connection: Connection
    ) throws -> Bool {
        guard !validating.contains(check.schedule) else { return true }
        guard validating.count < Self.inFlightMax else { return false }
        guard let pass = try gate.pass(.check, connection) else { return false }
        var check = check
        check.state = .validating
        check.nextAt = now.adding(milliseconds: 60_000)
        try ledger.save(check)
        validating.insert(check.schedule)
        gate.send(
            .validate(process: processID), pass,
            .preflight(schedule: check.schedule, slotAt: check.slotAt))
        return true
    }

    // MARK: Conclude

    /// Applies the answer of a validation ahead of a slot; without a connection there is none.
    func receive(
        _ name: String, slotAt: Instant, _ connection: Connection?, _ request: PendingRequest,
        _ answer: APIAnswer
    ) throws {
        validating.remove(name)
        guard let connection else { return }
        try noteAhead(
            connection, request, answer, wasRefused: gate.wasRefused(connection.name))
        guard var check = try ledger.preflight(name), check.slotAt == slotAt,
            check.state == .validating
        else { return }
        switch answer.result {
        case .success(.validation(let problems)) where problems.isEmpty:
            try plan.clearAlarm(check)
            if let problem = check.problem {
                let words = PreflightPlan.words(problem, of: check.process)
                book.log(.notice, "\(check.name) is mended: \(words)")
            }
            check.state = .passed
            check.nextAt = nil
            check.passedAt = now
            check.tries = 0
            check.problem = nil
            try ledger.save(check)
        case .success(.validation(let problems)):
            let words = problems.prefix(3).map { problem in
                (problem.message ?? problem.code ?? "no message")
                    + (problem.target.map { " (at \($0))" } ?? "")
            }
            let rest = problems.count > 3 ? "; and \(problems.count - 3) more" : ""
            try fail(
                check, PreflightProblem(.invalid, words.joined(separator: "; ") + rest),
                operation: answer.call.operation, connection, problems)
        case .success:
            try retry(check)
        case .failure(let failure):
            if Gate.lastingRefusals.contains(failure.apiStatus ?? 0) {
                return try fail(
                    check, PreflightProblem(.refused, failure.summary),
                    operation: answer.call.operation, connection, failure: failure)
            }
            try book.note(
                failure, answer: answer, slot: nil, connection: connection.name,
                nextStep: failure.apiStatus == 401 && check.tries == 0
                    ? "sent again with a new token" : "asked again, ahead of the slot")
            if failure.apiStatus == 401, check.tries == 0 {
                check.tries = 1
                check.nextAt = now
                return try ledger.save(check)
            }
            try retry(check)
        }
    }

    /// A check ahead of a slot must not hold up starts: what goes wrong with the validation alone
    /// opens no breaker and makes no credential bad.
    private func noteAhead(
        _ connection: Connection, _ request: PendingRequest, _ answer: APIAnswer, wasRefused: Bool
    ) throws {
        switch answer.result {
        case .success: try gate.noteAccepted(connection)
        case .failure(let failure) where failure.httpStatus == nil:
            try gate.noteFailure(connection, request, failure)
        case .failure(let failure) where failure.apiStatus == 401 && !wasRefused:
            try gate.noteFailure(connection, request, failure)
        case .failure: break
        }
    }

    /// Nothing was learned: asked again, with a growing gap.
    private func retry(_ check: PreflightRow) throws {
        var check = check
        check.tries += 1
        check.nextAt = now.adding(
            milliseconds: Backoff.ceilingMilliseconds(
                base: 60_000, cap: 1_800_000, attempt: check.tries))
        try ledger.save(check)
    }

    /// The slot would not start: a person is told, once in `error_log`, and in `attention` until it
    /// is mended or the slot has passed.
    private func fail(
        _ check: PreflightRow, _ problem: PreflightProblem, operation: String,
        _ connection: Connection, _ findings: [APIErrorBody] = [], failure: APIFailure? = nil
    ) throws {
        let lead = roster.schedule(check.schedule)?.preflightMilliseconds ?? 0
        let gap = min(
            max(lead / 24, Self.recheckMilliseconds.lowerBound),
            Self.recheckMilliseconds.upperBound)
        let next = now.adding(milliseconds: gap)
        let subject = check.name
        let words = PreflightPlan.words(
            problem,
            of: roster.schedule(check.schedule).flatMap {
                plan.subject(of: $0, check.slotAt)
            } ?? check.process)
        if check.problem != problem {
            let nextStep = "fix it before \(check.slotAt.iso8601); checked again until then"
            for finding in findings.isEmpty ? [APIErrorBody()] : Array(findings.prefix(20)) {
                var row = NewError(
                    operation: operation,
                    message: "ahead of \(subject): "
                        + (finding.message ?? finding.code ?? words), nextStep: nextStep,
                    connection: connection.name, schedule: check.schedule)
                if let failure { row.take(failure) }
                row.take(finding)
                try ledger.insert(row, now: now)
            }
            book.log(.warning, "\(subject) will not start: \(words)")
        }
        try ledger.raise(
            kind: .preflight, subject: subject.description,
            whatToDo: "this slot will not start: \(words); fix it before then", now: now)
        var failed = check
        failed.state = .failed
        failed.passedAt = nil
        failed.tries = 0
        failed.problem = problem
        failed.nextAt = next < check.slotAt ? next : nil
        try ledger.save(failed)
    }
}
