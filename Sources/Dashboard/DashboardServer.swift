import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
package import Logging
import Store
import NIOCore
import ServiceLifecycle
import Timetable

/// Why the dashboard can't be served.
package struct DashboardAddressError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The host as configured.
    package let host: String

    package init(host: String) {
        self.host = host
    }

    package var description: String {
        "the dashboard has no login, so it listens on loopback only: "
            + "\"\(host)\" is neither 127.0.0.1 nor ::1 nor localhost"
    }
}

/// Where a proxy on this machine shows the dashboard.
package struct DashboardFront: Sendable, Equatable {
    /// The path of its pages, `/carillon`; empty: at the root.
    package var base: String
    /// Names under which it is asked for, in lower case, besides those of this machine.
    package var hosts: [String]

    /// No proxy, unless something is named.
    package init(base: String = "", hosts: [String] = []) {
        self.base = base
        self.hosts = hosts
    }
}

/// The dashboard on loopback: pages, `/metrics`, `/healthz`; GET only.
package struct DashboardServer: Service {
    /// Connections served at once; more wait in the backlog.
    static let connectionsMax = 512
    /// Pages that are read and drawn at once: some megabytes each.
    static let pagesMax = 8
    /// Scrapes have places of their own, so that no browser takes them.
    static let scrapesMax = 2

    private let pageGate = PageGate(placesMax: pagesMax)
    private let scrapeGate = PageGate(placesMax: scrapesMax)
    private let host: String
    private let port: Int
    private let front: DashboardFront
    private let source: any DashboardSource
    private let logger: Logger
    private let onRunning: @Sendable (_ port: Int) async -> Void
    private let pages: Pages

    /// Makes the server; `run()` binds.
    ///
    /// - Parameters:
    ///   - host: A loopback address.
    ///   - port: 0 for any free one.
    ///   - front: Where a proxy shows it.
    ///   - source: Where the content comes from.
    ///   - logger: Receives what goes wrong.
    ///   - onRunning: Called with the port once browsers can connect.
    /// - Throws: `DashboardAddressError` for an address that others could reach.
    package init(
        host: String, port: Int, front: DashboardFront = DashboardFront(),
        source: any DashboardSource, logger: Logger,
        onRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) throws {
        guard LoopbackHost.isLoopback(host) else { throw DashboardAddressError(host: host) }
        self.host = host
        self.port = port
        self.front = front
        self.source = source
        self.logger = logger
        self.onRunning = onRunning
        pages = try Pages(base: front.base)
    }

    /// Serves until the graceful shutdown or cancellation.
    ///
    /// - Throws: what NIO says if the port can't be bound.
    package func run() async throws {
        var quiet = logger
        // What makes it end is thrown, and said by whoever tries again.
        quiet.logLevel = .critical
        let application = Application(
            router: router(),
            server: .http1(
                configuration: .init(
                    idleTimeout: .seconds(5),
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: 8 * 1024, maxHeaderListSize: 8 * 1024))),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: MaximumAvailableConnections(Self.connectionsMax)),
            onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? port) },
            logger: quiet)
        try await application.run()
    }

    private func router() -> Router<BasicRequestContext> {
        let router = Router(
            context: BasicRequestContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: GuardMiddleware(hosts: Set(front.hosts)))
        addPages(to: router)
        // A proxy may hand on the path as it is, or without the base.
        if !front.base.isEmpty { addPages(to: router.group(RouterPath(front.base))) }
        return router
    }

    private func addPages(to router: some RouterMethods<BasicRequestContext>) {
        router.get("/") { request, _ in
            let filter = OverviewFilter { request.uri.queryParameters.get($0) }
            return await answer(.html) { pages.overview(try await source.overview(filter)) }
        }
        router.get("/schedules/:name") { _, context in
            let name = context.parameters.get("name")?.removingPercentEncoding ?? ""
            return await answer(.html) {
                try await source.schedule(name: name).map { pages.schedule($0) }
            }
        }
        router.get("/slots/:id") { _, context in
            let id = context.parameters.get("id").flatMap { Int64($0) }
            return await answer(.html) {
                guard let id else { return nil }
                return try await source.slot(id: id).map { pages.slot($0) }
            }
        }
        router.get("/connections/:name") { _, context in
            let name = context.parameters.get("name")?.removingPercentEncoding ?? ""
            return await answer(.html) {
                try await source.connection(name: name).map { pages.connection($0) }
            }
        }
        router.get("/errors") { request, _ in
            let before = request.uri.queryParameters.get("before").flatMap { Instant(iso8601: $0) }
            return await answer(.html) { pages.errors(try await source.errors(before: before)) }
        }
        router.get("/runs/:id") { _, context in
            let id = context.parameters.get("id")?.removingPercentEncoding ?? ""
            return await answer(.html) {
                try await source.run(id: id).map { pages.run($0) }
            }
        }
        router.get("/audit") { request, _ in
            let before = request.uri.queryParameters.get("before").flatMap { Instant(iso8601: $0) }
            return await answer(.html) { pages.audit(try await source.audit(before: before)) }
        }
        router.get("/windows") { _, _ in
            await answer(.html) { pages.windows(try await source.windows()) }
        }
        router.get("/calendar") { _, _ in
            await answer(.html) { pages.calendar(try await source.calendar()) }
        }
        router.get("/metrics") { _, _ in
            await answer(.metrics) { PrometheusText.render(try await source.metrics()) }
        }
        router.get("/healthz") { _, _ in healthz(await source.health()) }
        router.get("/readyz") { _, _ in readyz(await source.health()) }
        router.get("/style.css") { _, _ in await answer(.css) { Style.sheet } }
        router.get("/icon.svg") { _, _ in await answer(.svg) { Style.icon } }
    }

    /// What a path answers with.
    private enum Content: String {
        case html = "text/html; charset=utf-8"
        case css = "text/css; charset=utf-8"
        case svg = "image/svg+xml"
        case metrics = "text/plain; version=0.0.4; charset=utf-8"
        case text = "text/plain; charset=utf-8"
    }

    /// What is made of the ledger has a place, or is said to have none.
    private func answer(
        _ content: Content, _ make: () async throws -> String?
    ) async -> Response {
        let gate: PageGate? =
            switch content {
            case .html: pageGate
            case .metrics: scrapeGate
            case .css, .svg, .text: nil
            }
        guard gate?.enter() ?? true else {
            var busy = failure(
                .serviceUnavailable, content, heading: "Too many pages are read at once",
                words: "This one was not begun, so that nobody else waits for it. It asks again by "
                    + "itself.")
            busy.headers[.retryAfter] = "2"
            return busy
        }
        defer { gate?.leave() }
        return await made(content, make)
    }

    /// The text that was made, 404 for none, 503 for an error, which is logged and not shown.
    private func made(
        _ content: Content, _ make: () async throws -> String?
    ) async -> Response {
        do {
            if let text = try await make() { return response(.ok, content, text) }
            return failure(
                .notFound, content, heading: "Not found", words: "There is nothing at this address."
            )
        } catch let error as StoreError where error.kind == .interrupted {
            return failure(
                .serviceUnavailable, content, heading: "This page takes too long to read",
                words: "It was ended, so that nobody else waits for it. Ask for less, or read the "
                    + "ledger with the carillon command or sqlite3.")
        } catch {
            logger.warning(
                "the dashboard could not read the ledger", metadata: ["error": "\(error)"])
            return failure(
                .serviceUnavailable, content, heading: "The ledger can't be read just now",
                words: "The daemon's log says why. This page asks again by itself.")
        }
    }

    private func failure(
        _ status: HTTPResponse.Status, _ content: Content, heading: String, words: String
    ) -> Response {
        guard case .html = content else { return response(status, .text, heading + "\n") }
        return response(status, .html, pages.message(heading: heading, words: words))
    }

    /// Ready from the first turn on, as long as turns can be written; whether they still come is
    /// `/healthz`.
    private func readyz(_ health: DashboardHealth) -> Response {
        if let failure = health.failure {
            return response(.serviceUnavailable, .text, "not ready: \(failure)\n")
        }
        return health.lastTurnAt == nil
            ? response(.serviceUnavailable, .text, "not ready: no turn yet\n")
            : response(.ok, .text, "ready\n")
    }

    private func healthz(_ health: DashboardHealth) -> Response {
        response(health.isHealthy ? .ok : .serviceUnavailable, .text, health.words + "\n")
    }

    private func response(
        _ status: HTTPResponse.Status, _ content: Content, _ text: String
    ) -> Response {
        Response(
            status: status, headers: [.contentType: content.rawValue],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
