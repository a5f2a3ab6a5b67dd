import Config
import Console
import Engine
import FoundationEssentials
import Notices
import ProcessesAPI
import Store
import Synchronization
import Timetable

/// Brings messages to their targets: one attempt each, bounded in time and size.
///
/// Nothing of a target's secrets gets into its words: an address is one as well.
final class Courier: Sendable {
    private struct Way {
        var settings: NotifySettings
        var proxy: String?
        /// What its file of authorities held: a renewed one is taken over.
        var authorities: [UInt8]?
        var transport: AsyncHTTPTransport
    }
    private struct State {
        var settings: [String: NotifySettings] = [:]
        var heartbeats: [String: SecretReference] = [:]
        var daemonHeartbeat: SecretReference?
        var ways: [String: Way] = [:]
        var retired: [AsyncHTTPTransport] = []
    }
    private let state = Mutex(State())
    private let host: any HostReading
    private let clock: any SchedulerClock
    /// Its own: answers of targets take no room from those of the API.
    private let meter = BodyMeter()

    /// One attempt takes no longer.
    static let attemptMilliseconds: Int64 = 30_000

    init(host: any HostReading, clock: any SchedulerClock) {
        self.host = host
        self.clock = clock
    }

    /// Takes the targets and heartbeats of a configuration over.
    func adopt(_ loaded: LoadedConfiguration) {
        let settings = loaded.notify
        state.withLock { state in
            state.settings = settings
            state.heartbeats = loaded.heartbeats
            state.daemonHeartbeat = loaded.daemon.heartbeat
            for (name, way) in state.ways where settings[name] != way.settings && name != Self.beats
            {
                state.retired.append(way.transport)
                state.ways[name] = nil
            }
        }
    }

    private struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    private static let beats = "heartbeats"
    private static let authoritiesBytesMax = 4 * 1024 * 1024

    /// Whether somebody is to be told that the daemon does its work.
    var hasDaemonHeartbeat: Bool { state.withLock { $0.daemonHeartbeat != nil } }

    /// The daemon's own beat; taken, too, where it has none.
    func beatOfDaemon() async -> DeliveryOutcome {
        guard let address = state.withLock({ $0.daemonHeartbeat }) else { return .taken }
        return await beat(address, .success, "carillon")
    }

    private func beat(
        _ address: SecretReference, _ beat: Beat, _ words: String
    ) async -> DeliveryOutcome {
        do {
            let url = try address.resolve(host)
            if let mistake = NotifyAddress.mistake(url) {
                throw Refusal(description: "the address of the heartbeat \(mistake)")
            }
            let path = url.prefix { $0 != "?" }
            let query = url.dropFirst(path.count)
            let request = APIRequest(
                method: "POST",
                url: (path.hasSuffix("/") ? path.dropLast() : path)
                    + beat.rawValue + query,
                headers: [
                    ("Content-Type", "text/plain; charset=utf-8"), ("User-Agent", "carillon"),
                ],
                body: Array(words.utf8.prefix(10_000)),
                timeoutMilliseconds: Self.attemptMilliseconds)
            let answer = await (try transport(Self.beats, NotifySettings(kind: .webhook)))
                .exchange(request)
            return Self.outcome(answer, url: url, now: clock.now().wall)
        } catch {
            return .failed(reason: "\(error)", retryAfterMilliseconds: nil)
        }
    }

    /// Makes one attempt.
    func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        guard case .heartbeat(let schedule) = delivery.receiver else {
            return await deliver(NoticeMessage(delivery))
        }
        guard let address = state.withLock({ $0.heartbeats[schedule] }),
            let event = delivery.events.first, let kind = event.kind.beat
        else {
            return .failed(
                reason: "the heartbeat is not configured any more", retryAfterMilliseconds: nil)
        }
        return await beat(address, kind, "\(event.subject): \(event.words)")
    }

    /// Makes one attempt to tell people.
    func deliver(_ message: NoticeMessage) async -> DeliveryOutcome {
        guard let settings = state.withLock({ $0.settings[message.target] }) else {
            return .failed(
                reason: "the target is not configured any more", retryAfterMilliseconds: nil)
        }
        do {
            switch settings.kind {
            case .webhook, .slack, .teams: return try await post(message, settings)
            case .mail:
                let mail = message.mail(from: settings.from, to: settings.to)
                return await pipe(mail, settings)
            case .command: return await pipe(message.json, settings)
            }
        } catch {
            return .failed(reason: "\(error)", retryAfterMilliseconds: nil)
        }
    }

    private func pipe(_ text: String, _ settings: NotifySettings) async -> DeliveryOutcome {
        let failure = await ProgramRun.failure(
            of: settings.command, input: Array(text.utf8),
            limit: { [clock] in await clock.sleep(milliseconds: Self.attemptMilliseconds) })
        return failure.map { .failed(reason: $0, retryAfterMilliseconds: nil) } ?? .taken
    }

    private func post(
        _ message: NoticeMessage, _ settings: NotifySettings
    ) async throws -> DeliveryOutcome {
        guard let url = try settings.url?.resolve(host) else {
            throw Refusal(description: "the target has no address")
        }
        if let mistake = NotifyAddress.mistake(url) {
            throw Refusal(description: "the address of the target \(mistake)")
        }
        var headers = [("Content-Type", "application/json"), ("User-Agent", "carillon")]
        let body: [UInt8]
        switch settings.kind {
        case .slack: body = Array(message.slack.utf8)
        case .teams: body = Array(message.teams.utf8)
        default:
            body = Array(message.json.utf8)
            headers += WebhookSignature.headers(
                id: message.id, body: body, key: try settings.signWith?.resolve(host),
                now: clock.now().wall)
        }
        let request = APIRequest(
            method: "POST", url: url, headers: headers, body: body,
            timeoutMilliseconds: Self.attemptMilliseconds)
        let answer = await (try transport(message.target, settings)).exchange(request)
        return Self.outcome(answer, url: url, now: clock.now().wall)
    }

    private static func outcome(
        _ answer: Result<APIResponse, TransportFailure>, url: String, now: Instant
    ) -> DeliveryOutcome {
        switch answer {
        case .success(let response) where (200..<300).contains(response.status): return .taken
        case .success(let response):
            let hint = RetryHint.parsing(headers: response.headers, message: nil, now: now)
            // What it says may repeat the address; its beginning helps to mend a card or a text.
            let said = Printable.escaped(
                String(decoding: response.body.prefix(400), as: UTF8.self), limit: 200)
            let words = (300..<400).contains(response.status) ? ", which is not followed" : ""
            let isTelling = !said.isEmpty && !repeats(said, anyPartOf: url)
            return .failed(
                reason: "it answered \(response.status)\(words)" + (isTelling ? ": \(said)" : ""),
                retryAfterMilliseconds: hint?.delayMilliseconds)
        // It was taken, whatever became of the rest of the answer.
        case .failure(.afterHead(let response, _)) where (200..<300).contains(response.status):
            return .taken
        case .failure(let failure):
            return .failed(reason: words(failure), retryAfterMilliseconds: nil)
        }
    }

    /// Whether a text has some part of an address: of a webhook's, any part may be the secret.
    private static func repeats(_ said: String, anyPartOf url: String) -> Bool {
        func plain(_ text: String) -> String {
            (text.removingPercentEncoding ?? text).lowercased()
        }
        let (said, path) = (plain(said), url.drop { $0 != "/" }.drop { $0 == "/" })
        return path.split { "/?&=#".contains($0) }.dropFirst()
            .contains { $0.count >= 4 && said.contains(plain(String($0))) }
    }

    private static func words(_ failure: TransportFailure) -> String {
        switch failure {
        case .notSent(let reason, _): "it could not be reached: \(reason)"
        case .deadline: "it did not answer within \(attemptMilliseconds / 1000) s"
        case .lost(let reason): "the connection was lost: \(reason)"
        case .bodyTooLarge: "its answer is too long"
        case .afterHead(let response, let cause):
            "it answered \(response.status), and then \(words(cause))"
        }
    }

    private func transport(
        _ name: String, _ settings: NotifySettings
    ) throws -> AsyncHTTPTransport {
        let proxy = try settings.proxy?.resolve(host)
        let authorities = settings.caFile.flatMap {
            try? host.read($0, limit: Self.authoritiesBytesMax)
        }
        return try state.withLock { state in
            // A file that has gone for now takes nothing away from what was read of it.
            if let way = state.ways[name], way.settings == settings, way.proxy == proxy,
                authorities == nil || way.authorities == authorities
            {
                return way.transport
            }
            if let old = state.ways[name] { state.retired.append(old.transport) }
            let transport = try AsyncHTTPTransport(
                AsyncHTTPTransportOptions(
                    proxy: proxy.map { Secret($0) }, caFile: settings.caFile,
                    readConnectionsMax: 2), meter: meter)
            state.ways[name] = Way(
                settings: settings, proxy: proxy, authorities: authorities, transport: transport)
            return transport
        }
    }

    /// Closes everything, once nothing is under way.
    func shutdown() async {
        let all = state.withLock { state in
            defer { state = State() }
            return state.ways.values.map(\.transport) + state.retired
        }
        for transport in all { await transport.shutdown() }
    }
}

extension NoticeMessage {
    init(_ delivery: Delivery) {
        self.init(
            id: delivery.id, target: delivery.receiver.name, createdAt: delivery.createdAt,
            events: delivery.events, counts: delivery.counts)
    }
}
