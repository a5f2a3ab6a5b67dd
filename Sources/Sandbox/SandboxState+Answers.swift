import ProcessesAPI
import Timetable

/// From a request to the API's true answer.
extension SandboxState {
    /// Answers a request whose effect, if it has one, comes to be at an instant.
    mutating func perform(_ inquiry: Inquiry, at effect: Instant) -> Reply {
        if let limit = scenario.rateLimit,
            let milliseconds = windows[
                limit.isPerOperation ? inquiry.route.operation : "", default: RateWindow()
            ].admit(at: now.milliseconds, limit)
        {
            return tooMany(inquiry, limit, milliseconds)
        }
        // Without the header a request is routed to 2022-01-01, which has no processes.
        let isOldTokenPath = inquiry.address.path.first == "iam"
        guard let version = inquiry.version else {
            return isOldTokenPath
                ? token(inquiry)
                : error(
                    inquiry, 404,
                    "The requested resource was not found: without the header X-Version a request "
                        + "goes to version 2022-01-01, which has none of these.")
        }
        guard scenario.apiVersions.contains(version) else {
            return error(
                inquiry, 400, "API version \(version) is not supported.", target: "X-Version")
        }
        if inquiry.route == .token { return token(inquiry) }
        guard inquiry.route != .unknown else {
            return error(inquiry, 404, "The requested resource was not found.")
        }
        guard let token = bearer(inquiry) else {
            return error(inquiry, 401, "The access token is missing, invalid or expired.")
        }
        let scope: String
        if case .run = inquiry.route { scope = "file:write" } else { scope = "file:read" }
        guard token.scopes.contains(scope) else {
            return error(inquiry, 403, "The scope \(scope) is required.")
        }
        switch inquiry.route {
        case .token, .unknown: return error(inquiry, 404, "The requested resource was not found.")
        case .listProcesses: return list(inquiry)
        case .getProcess(let id): return getProcess(id, inquiry)
        case .validate(let id): return validate(id, inquiry)
        case .run(let id): return run(id, inquiry, token, at: effect)
        case .getRun(let id): return getRun(id, inquiry)
        }
    }

    private func bearer(_ inquiry: Inquiry) -> Token? {
        guard let header = inquiry.request.header("authorization"), header.hasPrefix("Bearer "),
            let token = tokens[String(header.dropFirst(7))], token.expires > now
        else { return nil }
        return token
    }

    private func tooMany(_ inquiry: Inquiry, _ limit: RateLimit, _ milliseconds: Int64) -> Reply {
        let seconds = limit.hintSeconds ?? max(1, (milliseconds + 999) / 1000)
        let operation = inquiry.route.operation
        let message = RateLimit.message(
            requests: limit.requests, windowSeconds: limit.windowSeconds, operation: operation,
            hint: limit.sendsMessage ? seconds : nil)
        var reply = error(inquiry, 429, message)
        if limit.sendsHeader { reply.headers.append(("Retry-After", String(seconds))) }
        if limit.sendsHeader || limit.sendsMessage {
            reply.hint = SandboxHint(seconds: seconds, operation: operation)
        }
        return reply
    }

    private mutating func token(_ inquiry: Inquiry) -> Reply {
        let type = inquiry.request.header("content-type") ?? ""
        guard type.hasPrefix("application/x-www-form-urlencoded") else {
            return iamError(400, "invalid_request", "The body must be form-encoded.")
        }
        let form = Percent.form(String(decoding: inquiry.request.body ?? [], as: UTF8.self))
        func field(_ name: String) -> String? { form.first { $0.name == name }?.value }
        guard field("grant_type") == "client_credentials" else {
            return iamError(400, "invalid_request", "grant_type must be client_credentials.")
        }
        let id = field("client_id")
        guard let client = scenario.clients.first(where: { $0.id == id }),
            client.secret == field("client_secret")
        else {
            return iamError(401, "invalid_client", "Client authentication failed.")
        }
        let wanted = field("scope")?.split(separator: " ").map(String.init)
        let scopes = client.scopes.filter { wanted?.contains($0) ?? true }
        tokensIssued += 1
        let value = "sandbox." + Identifier.make(seed: seed, kind: 2, number: tokensIssued)
        if tokens.count >= 64 { tokens = tokens.filter { $0.value.expires > now } }
        let lifetime = scenario.tokenLifetimeSeconds.multipliedSaturating(by: 1000)
        tokens[value] = Token(
            client: client, scopes: scopes, expires: now.adding(milliseconds: lifetime))
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("access_token", value)
            writer.field("expires_in", scenario.tokenLifetimeSeconds)
            writer.field("scope", scopes.joined(separator: " "))
            writer.field("token_type", "Bearer")
        }
        return Reply(status: 200, body: writer.bytes)
    }

    /// The token endpoint's word for a status.
    static func iamWord(_ status: Int) -> String {
        switch status {
        case 401: "invalid_client"
        case 403: "access_denied"
        case 429, 503: "temporarily_unavailable"
        case 500...: "server_error"
        default: "invalid_request"
        }
    }

    func iamError(_ status: Int, _ error: String, _ description: String) -> Reply {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("error", error)
            writer.field("error_description", description)
            writer.field("error_uri", "https://developers.workiva.com/")
        }
        return Reply(status: status, body: writer.bytes)
    }

    private func getProcess(_ id: String, _ inquiry: Inquiry) -> Reply {
        guard let index = liveProcess(id) else { return noProcess(id, inquiry) }
        return Reply(status: 200, body: processBody(index, inquiry))
    }

    private func validate(_ id: String, _ inquiry: Inquiry) -> Reply {
        guard let index = liveProcess(id) else { return noProcess(id, inquiry) }
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("errors")
            writer.array { writer in
                for finding in processes[index].process.validationErrors {
                    write(finding, of: index, to: &writer)
                }
            }
        }
        return Reply(status: 200, body: writer.bytes)
    }

    private mutating func run(
        _ id: String, _ inquiry: Inquiry, _ token: Token, at effect: Instant
    ) -> Reply {
        guard let index = liveProcess(id) else { return noProcess(id, inquiry) }
        let options: RunOptions
        switch RunOptions.read(inquiry.request) {
        case .success(let read): options = read
        case .failure(let bad): return error(inquiry, bad.status, bad.message)
        }
        if let finding = processes[index].process.validationErrors.first {
            var writer = JSONWriter()
            write(finding, of: index, to: &writer)
            return Reply(status: 400, body: writer.bytes)
        }
        if let open = conflict(of: index) {
            return error(
                inquiry, 409, "The process already has the run \(open).", target: open)
        }
        let requester = RunRequester(
            user: token.client.user, sendsCompleteEmail: options.sendsCompleteEmail,
            requestNumber: log.requests)
        let run = createRun(
            of: index, at: effect, requester, hiddenMilliseconds: inquiry.fault.hidesRunMilliseconds
        )
        var reply = Reply(status: 201, run: run)
        if let created = runIndex[run] { reply.body = runBody(created, inquiry, at: effect) }
        return reply
    }

    /// The run that forbids another one.
    private func conflict(of index: Int) -> String? {
        switch scenario.secondRun {
        case .allowed: return nil
        case .conflict:
            return processes[index].runs.last { runs[$0].createdAt <= now }.map { runs[$0].id }
        case .conflictWhileOpen:
            return processes[index].runs.last { number in
                runs[number].createdAt <= now && runs[number].status(at: now).isOpen
            }.map { runs[$0].id }
        }
    }

    private func getRun(_ id: String, _ inquiry: Inquiry) -> Reply {
        guard let index = runIndex[id], runs[index].createdAt <= now, runs[index].readableAt <= now
        else {
            return error(inquiry, 404, "The process run \(id) was not found.", target: id)
        }
        var instant = now
        if case .cached(let age, _) = inquiry.fault.listing {
            instant = max(runs[index].createdAt, now.adding(milliseconds: -age))
        }
        return Reply(status: 200, body: runBody(index, inquiry, at: instant))
    }

    private func liveProcess(_ id: String) -> Int? {
        guard let index = processIndex[id], !processes[index].isDeleted else { return nil }
        return index
    }

    private func noProcess(_ id: String, _ inquiry: Inquiry) -> Reply {
        error(inquiry, 404, "The process \(id) was not found.", target: id)
    }
}

// MARK: - Errors

extension SandboxState {
    /// The API's error object in the version's form; the codes are as unstable as documented.
    func error(
        _ inquiry: Inquiry, _ status: Int, _ message: String, target: String? = nil
    ) -> Reply {
        let name = Self.reasons[status] ?? "Error"
        let code: String
        switch inquiry.shape {
        case .preview: code = status == 401 ? "Unauthorized" : String(status)
        case .stable: code = "\(status)\(name)"
        }
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("code", code)
            writer.field("message", message)
            if let target { writer.field("target", target) }
            if inquiry.shape == .preview {
                writer.field("documentationUrl", nil as String?)
            } else {
                writer.field("version", inquiry.version)
            }
        }
        return Reply(status: status, body: writer.bytes)
    }

    static let reasons: [Int: String] = [
        400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound",
        405: "MethodNotAllowed", 408: "RequestTimeout", 409: "Conflict", 413: "PayloadTooLarge",
        415: "UnsupportedMediaType", 422: "UnprocessableEntity", 429: "TooManyRequests",
        500: "InternalServerError", 502: "BadGateway", 503: "ServiceUnavailable",
        504: "GatewayTimeout",
    ]

    private func write(
        _ finding: SandboxValidationError, of index: Int, to writer: inout JSONWriter
    ) {
        let listed = processes[index]
        let jobs = listed.blueprint.nodes.indices.filter { listed.blueprint.nodes[$0].isJob }
        let job = jobs.indices.contains(finding.jobNumber) ? jobs[finding.jobNumber] : 0
        let id = Identifier.node(of: listed.process.id, index: job)
        writer.object { writer in
            writer.field("code", finding.code)
            writer.field("message", finding.message)
            writer.field("target", id)
            writer.key("meta")
            writer.object { writer in
                writer.field("argumentName", "assignee")
                writer.field("jobId", id)
            }
        }
    }
}
