import Config
import Console
import Engine
import ProcessesAPI
import Timetable

/// Questions that a verb puts to a connection's API itself, through the daemon's own encoding,
/// transport and decoding, so that what it finds is what the daemon will find.
struct APIInquiry {
    /// 1,000 processes a page; who has more than that lists another mistake.
    private static let pagesMax = 100

    let connection: Connection
    let route: ConnectionRoutes.Route
    let now: @Sendable () -> Instant

    /// Why there is no answer, and what to do: one sentence that names the connection.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// What was listed.
    struct Listing {
        var processes: [ProcessSummary] = []
        /// Items that couldn't be read and are missing here.
        var unreadableItems = 0
    }

    /// Opens a way to a connection for as long as the body takes.
    ///
    /// - Throws: `Failure` for a proxy or CA file that can't be used, and what the body throws.
    static func open<Value>(
        _ name: String, of loaded: LoadedConfiguration, _ environment: CommandEnvironment,
        _ body: (APIInquiry) async throws -> Value
    ) async throws -> Value {
        guard let connection = loaded.engine.connections[name], let access = loaded.access[name]
        else { throw Failure(description: "no connection \"\(name)\"") }
        let routes = ConnectionRoutes(host: environment.host)
        do {
            try routes.adopt([name: access])
            let inquiry = APIInquiry(
                connection: connection, route: try routes.route(to: name), now: environment.now)
            let value = try await body(inquiry)
            await routes.shutdown()
            return value
        } catch {
            await routes.shutdown()
            guard error is TransportSetupError || error is SecretUnavailable else { throw error }
            throw Failure(description: "connection \"\(name)\": \(error)")
        }
    }

    /// A token by the config's credential.
    func token() async throws(Failure) -> AccessToken {
        let credential: APICredential
        do throws(SecretUnavailable) {
            credential = try route.credential()
        } catch {
            throw failure("the credential can't be read: \(error)", Self.advice(error))
        }
        guard case .token(let token) = try await answer(.token, credential: credential) else {
            throw failure("the token's answer can't be read", "")
        }
        return token
    }

    /// How a person gets at what the service has.
    private static func advice(_ error: SecretUnavailable) -> String {
        guard error.isOutsideService else { return "" }
        guard case .credential = error.reference, error.needsRestart else {
            return "ask as root (sudo)"
        }
        return "ask as root while the service runs (systemctl start carillon), or say where it is: "
            + "sudo CREDENTIALS_DIRECTORY=/etc/carillon carillon check --online"
    }

    /// All processes that the grant's user can see, by name.
    func processes(_ token: AccessToken) async throws(Failure) -> Listing {
        var listing = Listing()
        var next: String?
        for _ in 0..<Self.pagesMax {
            let call = APICall.listProcesses(next: next)
            guard case .page(let page) = try await answer(call, token: token.secret) else { break }
            listing.processes += page.processes
            listing.unreadableItems += page.unreadableItems
            guard let link = page.nextLink else { return listing }
            guard link != next else { throw failure("the list's next page is the same again", "") }
            next = link
        }
        throw failure("the list has more than \(Self.pagesMax) pages", "is base_url right?")
    }

    /// What the API finds wrong with a process.
    func validation(
        of process: String, _ token: AccessToken
    ) async throws(Failure) -> [APIErrorBody] {
        let call = APICall.validate(process: process)
        guard case .validation(let errors) = try await answer(call, token: token.secret) else {
            return []
        }
        return errors
    }

    private func answer(
        _ call: APICall, token: Secret? = nil, credential: APICredential? = nil
    ) async throws(Failure) -> APIValue {
        let endpoint = APIEndpoint(
            baseURL: connection.address, apiVersion: connection.apiVersion)
        let request: APIRequest
        do {
            request = try APIRequest.encoding(
                call, endpoint: endpoint, token: token, credential: credential)
        } catch {
            throw failure("\(error)", "")
        }
        let outcome = await route.transport.exchange(request)
        let answer = APIAnswer.decoding(
            call, endpoint: endpoint, outcome: outcome, redaction: route.redaction(token: token),
            receivedAt: now())
        switch answer.result {
        case .success(let value): return value
        case .failure(let error): throw explained(error, of: call)
        }
    }

    /// The failure with what is most likely to be done about it.
    private func explained(_ error: APIFailure, of call: APICall) -> Failure {
        let section = "[connections.\(connection.name)]"
        if error.isAboutVersion {
            let others = ConnectionSection.versions.filter { $0 != connection.apiVersion }
            return failure(
                "the API version \"\(connection.apiVersion)\" is not (or no longer) served by "
                    + "\(connection.address): \(error.summary)",
                "set api_version of \(section) to \(others.map { "\"\($0)\"" }.joined(separator: " or "))"
            )
        }
        if error.isCertificate {
            return failure(
                "the certificate of \(connection.address) is not trusted: \(error.summary)",
                "behind a company's proxy set ca_file of \(section)")
        }
        if error.origin == .gateway {
            return failure(
                "no answer of the API at \(connection.baseURL): \(error.summary)",
                "check what is between here and the API (proxy, firewall, gateway), and at "
                    + "base_url of \(section)")
        }
        switch (error.apiStatus, call) {
        case (nil, _):
            return failure(
                "the API can't be reached at \(connection.address): \(error.summary)",
                "check network, proxy and region or base_url of \(section)")
        case (400?, .token), (401?, .token), (403?, .token):
            return failure(
                "the credential is refused: \(error.summary)",
                "check client_id and client_secret (\(route.access.clientSecret)) of \(section), "
                    + "that its grant is of this region and has not expired, that its IP allowlist has "
                    + "this host, and that nobody has changed the user it acts for")
        case (401?, _):
            return failure(
                "the new token is refused: \(error.summary)",
                "check that the grant is active and of this region")
        case (403?, _):
            return failure(
                "the grant may not do this: \(error.summary)",
                "give it the scopes \(GrantScopes.needed.joined(separator: " ")), and its user the "
                    + "right to the processes")
        case (429?, _):
            let wait = error.hint.map { "wait \($0.delaySeconds) s" } ?? "wait a minute"
            return failure("the API's rate limit is reached: \(error.summary)", wait)
        case (.some, _): return failure(error.summary, "")
        }
    }

    private func failure(_ what: String, _ advice: String) -> Failure {
        Failure(
            description: "connection \"\(connection.name)\": " + Printable.escaped(what)
                + (advice.isEmpty ? "" : "; \(advice)"))
    }
}
