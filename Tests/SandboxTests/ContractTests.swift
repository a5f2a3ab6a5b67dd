import Logging
import ProcessesAPI
import Sandbox
import Testing
import Timetable

/// The sandbox and the product's own encoder, decoder and transport must understand each other.
@Suite(.timeLimit(.minutes(30))) struct ContractTests {
    /// Speaks through `APIRequest.encoding` and `APIAnswer.decoding`, as the engine does.
    private struct Caller {
        var state: SandboxState
        var endpoint: APIEndpoint
        var token: Secret?
        var now = epoch

        init(_ scenario: Scenario, version: String = preview) throws {
            state = SandboxState(seed: 5, scenario: scenario)
            endpoint = APIEndpoint(baseURL: "https://api.sandbox.test", apiVersion: version)
            guard case .success(.token(let token)) = try call(.token).result else {
                throw TestClient.Lost()
            }
            #expect(token.expiresInSeconds > 0)
            #expect(token.scopes == ["file:read", "file:write"])
            self.token = token.secret
        }

        mutating func call(_ call: APICall) throws -> APIAnswer {
            let client = SandboxClient()
            let request = try APIRequest.encoding(
                call, endpoint: endpoint, token: token,
                credential: APICredential(
                    clientID: Secret(client.id), clientSecret: Secret(client.secret)))
            let (result, milliseconds) = state.handle(request, at: now).seen(by: request)
            return .decoding(
                call, endpoint: endpoint, outcome: result,
                receivedAt: now.adding(milliseconds: milliseconds))
        }

        mutating func run(_ call: APICall) throws -> ProcessRun {
            guard case .success(.run(let run)) = try self.call(call).result else {
                throw TestClient.Lost()
            }
            return run
        }

        mutating func page(_ next: String? = nil) throws -> ProcessPage {
            guard case .success(.page(let page)) = try call(.listProcesses(next: next)).result
            else { throw TestClient.Lost() }
            return page
        }
    }

    @Test func runsAreReadAsTheyAreInBothVersions() throws {
        // Milliseconds, so that every instant can be compared.
        var exact = Scenario.sample
        exact.writesMilliseconds = true
        exact.clockPhaseMilliseconds = 0
        for version in [preview, stable] {
            for process in exact.processes {
                var caller = try Caller(exact, version: version)
                let started = try caller.run(
                    .startRun(process: process.id, sendCompleteEmail: false))
                for minutes: Int64 in [0, 1, 3, 7, 15, 60] {
                    caller.now = epoch.adding(milliseconds: minutes * minute)
                    // Tokens end on the way: a new one each time.
                    caller.token = nil
                    guard case .success(.token(let token)) = try caller.call(.token).result else {
                        throw TestClient.Lost()
                    }
                    caller.token = token.secret
                    let run = try caller.run(.getRun(id: started.id))
                    let truth = try #require(caller.state.run(started.id))
                    #expect(run.status == truth.status(at: caller.now))
                    #expect(run.process == process.id)
                    #expect(run.created == truth.createdAt)
                    #expect(run.createdBy == truth.user)
                    #expect(run.modified == truth.modified(at: caller.now))
                    #expect(run.completed == truth.completed(at: caller.now))
                    #expect(run.jobCounts == truth.jobCounts(at: caller.now))
                    #expect(
                        run.statusCounts == truth.actionCounts(at: caller.now, apiVersion: version))
                }
            }
        }
    }

    @Test func listsAreReadPageByPage() throws {
        var caller = try Caller(scenario((0..<2500).map { process("p\($0)", jobs: 1) }))
        let run = try caller.run(.startRun(process: "p7", sendCompleteEmail: true))
        var next: String?
        var all: [ProcessSummary] = []
        repeat {
            let page = try caller.page(next)
            all += page.processes
            next = page.nextLink
        } while next != nil
        #expect(Set(all.map(\.id)).count == 2500)
        let listed = try #require(all.first { $0.id == "p7" }?.run)
        #expect(listed.id == run.id)
        #expect(listed.created == run.created)
        #expect(listed.createdBy == SandboxClient().user)
        #expect(all.count { $0.run != nil } == 1)
    }

    @Test func faultsAreClassifiedAsTheStartProtocolSays() throws {
        let cases: [(Fault, APIFailure.Kind, Int?)] = [
            (.lostBefore, .ambiguous, nil),
            (.lostAfter(), .ambiguous, nil),
            (.error(408, acts: false), .ambiguous, 408),
            (.error(409, acts: false), .refused, 409),
            (.error(500, acts: true), .ambiguous, 500),
            (.error(503, acts: false), .refused, 503),
            (.foreign(503, acts: true), .ambiguous, 503),
            (.foreign(504, acts: true), .ambiguous, 504),
            (.echo(500), .ambiguous, 500), (.zeroHint(429), .refused, 429),
            (.zeroHint(503), .refused, 503),
            (.answer(.oddStatus(0)), .ambiguous, nil), (.answer(.oddStatus(99)), .ambiguous, nil),
            (.answer(.oddStatus(600)), .ambiguous, 600),
            (.answer(.compressed(coding: "br")), .ambiguous, 201),
            (.answer(.garbage), .ambiguous, 201),
            (.answer(.empty), .ambiguous, 201),
            (.answer(.truncated), .ambiguous, 201),
            (.answer(.withoutID), .ambiguous, 201),
            (.answer(.cut), .ambiguous, 201),
            (.answer(.oversized(bytes: 17 << 20)), .ambiguous, 201),
            (.answer(.redirect(to: "https://elsewhere.example/")), .ambiguous, 307),
            (.slow(35_000), .ambiguous, nil),
        ]
        for (fault, kind, status) in cases {
            var caller = try Caller(scenario([process("a")]))
            caller.state.inject(.next(fault, operation: "runProcess"))
            let answer = try caller.call(.startRun(process: "a", sendCompleteEmail: false))
            guard case .failure(let failure) = answer.result else {
                Issue.record("\(fault.answer) was taken for a success")
                continue
            }
            #expect(failure.kind == kind, "\(fault.answer)")
            #expect(failure.httpStatus == status, "\(fault.answer)")
        }
    }

    @Test func noPageOfAGatewayIsARefusalAndAZeroHintIsNone() throws {
        for page in GatewayPage.allCases {
            for status in [302, 400, 401, 403, 404, 409, 422, 429, 500, 503, 999] {
                for operation in ["runProcess", "listProcesses", "validateProcess"] {
                    var caller = try Caller(scenario([process("a")]))
                    caller.state.inject(
                        .next(.gateway(status, page, acts: true), operation: operation))
                    let answer = try caller.call(
                        operation == "runProcess"
                            ? .startRun(process: "a", sendCompleteEmail: false)
                            : operation == "listProcesses"
                                ? .listProcesses(next: nil) : .validate(process: "a"))
                    guard case .failure(let failure) = answer.result else {
                        Issue.record("\(page) \(status) was taken for a success")
                        continue
                    }
                    #expect(failure.kind == .ambiguous && failure.origin == .gateway)
                    #expect(caller.state.runs.count == (operation == "runProcess" ? 1 : 0))
                }
            }
        }
        var caller = try Caller(scenario([process("a")]))
        caller.state.inject(.next(.zeroHint(429), operation: "listProcesses"))
        guard case .failure(let failure) = try caller.call(.listProcesses(next: nil)).result
        else { throw TestClient.Lost() }
        #expect(failure.hint == nil && failure.origin == .api)
    }

    @Test func hintsAndErrorsAreUnderstood() throws {
        var broken = process("a")
        broken.validationErrors = [
            SandboxValidationError(code: "invalidUser", message: "No such user.", jobNumber: 0)
        ]
        var world = scenario([broken])
        world.rateLimit = RateLimit(requests: 4, windowSeconds: 60)
        var caller = try Caller(world)
        guard
            case .success(.validation(let findings)) = try caller.call(.validate(process: "a"))
                .result
        else { throw TestClient.Lost() }
        #expect(findings.map(\.code) == ["invalidUser"])
        #expect(findings[0].meta?.contains("jobId") == true)
        let start = APICall.startRun(process: "a", sendCompleteEmail: false)
        guard case .failure(let refused) = try caller.call(start).result else {
            throw TestClient.Lost()
        }
        #expect(refused.code == "invalidUser" && refused.httpStatus == 400)
        _ = try caller.call(.listProcesses(next: nil))
        let limited = try caller.call(start)
        guard case .failure(let failure) = limited.result else { throw TestClient.Lost() }
        #expect(failure.hint == RetryHint(delaySeconds: 60, operation: "runProcess"))
        #expect(
            failure.limit
                == LearnedLimit(requests: 4, windowSeconds: 60, operation: "runProcess"))
        #expect(limited.serverDate == epoch)
    }

    @Test func theRealTransportSeesWhatTheSimulatedOneSees() async throws {
        let faults: [Fault] = [
            .lostBefore, .lostAfter(), .answer(.cut), .answer(.empty), .answer(.garbage),
            .foreign(502, acts: true), .error(429, acts: false),
            .answer(.redirect(to: "http://127.0.0.1:1/")), .answer(.oversized(bytes: 17 << 20)),
        ]
        let sandbox = SharedSandbox(SandboxState(seed: 3, scenario: scenario([process("a")])))
        let (ports, port) = AsyncStream<Int>.makeStream()
        let server = SandboxServer(
            sandbox, now: { epoch }, sleep: { _ in }, logger: Logger(label: "test"),
            listening: { port.yield($0) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            var iterator = ports.makeAsyncIterator()
            let number = try #require(await iterator.next())
            var real = try Caller(scenario([process("a")]))
            real.endpoint.baseURL = "http://127.0.0.1:\(number)"
            try await AsyncHTTPTransport.withTransport { transport in
                try await compare(faults, sandbox, transport, real)
            }
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    private func compare(
        _ faults: [Fault], _ sandbox: SharedSandbox, _ transport: AsyncHTTPTransport, _ real: Caller
    ) async throws {
        var simulated = real
        let tokenCall = try APIRequest.encoding(
            .token, endpoint: real.endpoint, token: nil,
            credential: APICredential(
                clientID: Secret("sandbox-client"), clientSecret: Secret("sandbox-secret")))
        let outcome = await transport.exchange(tokenCall)
        let answer = APIAnswer.decoding(
            .token, endpoint: real.endpoint, outcome: outcome, receivedAt: epoch)
        guard case .success(.token(let token)) = answer.result else { throw TestClient.Lost() }
        for fault in faults {
            for call in [
                APICall.startRun(process: "a", sendCompleteEmail: false), .listProcesses(next: nil),
            ] {
                sandbox.withState { $0.inject(.next(fault)) }
                let request = try APIRequest.encoding(
                    call, endpoint: real.endpoint, token: token.secret, credential: nil)
                let seen = APIAnswer.decoding(
                    call, endpoint: real.endpoint, outcome: await transport.exchange(request),
                    receivedAt: epoch)
                simulated.state.inject(.next(fault))
                let expected = try simulated.call(call)
                #expect(seen.serverDate == expected.serverDate, "\(fault.answer) \(call)")
                switch (seen.result, expected.result) {
                case (.failure(let left), .failure(let right)):
                    #expect(left.kind == right.kind, "\(fault.answer) \(call)")
                    #expect(left.httpStatus == right.httpStatus, "\(fault.answer) \(call)")
                    #expect(left.label == right.label, "\(fault.answer) \(call)")
                case (.success, .success): break
                default: Issue.record("\(fault.answer) \(call): \(seen.result)")
                }
            }
        }
    }
}
