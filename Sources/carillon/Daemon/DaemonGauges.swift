import Config
import Console
import Dashboard
import Engine
import Store
import Synchronization
import Timetable

/// Numbers of `/metrics` that the ledger alone doesn't tell.
final class DaemonGauges: Sendable {
    private let host: any HostReading
    private let clock: any SchedulerClock
    private let pulse: DaemonPulse
    private let policies = Mutex<[String: RatePolicy]>([:])
    private let refused = Mutex<Instant?>(nil)

    init(host: any HostReading, clock: any SchedulerClock, pulse: DaemonPulse) {
        self.host = host
        self.clock = clock
        self.pulse = pulse
    }

    /// The configuration on disk is refused since then.
    func refuse(at now: Instant) {
        refused.withLock { $0 = $0 ?? now }
    }

    /// Takes over the rate limits of a configuration.
    ///
    /// - Parameters:
    ///   - configuration: what is in force.
    ///   - isRefused: the files on disk are others, and refused as before.
    func adopt(_ configuration: EngineConfiguration, isRefused: Bool = false) {
        if !isRefused { refused.withLock { $0 = nil } }
        policies.withLock { $0 = configuration.connections.mapValues(\.rate) }
    }

    /// What can be told now; a family that can't be read is left out.
    func families(_ reader: LedgerReader) -> [MetricFamily] {
        let writes = pulse.writes
        var families = [
            MetricFamily(
                "db_write_seconds", .summary,
                help: "Turns that wrote, from their first input to the durable COMMIT.",
                samples: [
                    .init(Double(writes.milliseconds) / 1000, suffix: "_sum"),
                    .init(Double(writes.count), suffix: "_count"),
                ])
        ]
        families.append(
            MetricFamily(
                "config_refused_timestamp_seconds", .gauge,
                help: "When the configuration on disk was refused, Unix time; 0: it is accepted.",
                samples: [.init(Double((refused.withLock { $0 })?.seconds ?? 0))]))
        let tokens = tokens(reader).sorted { $0.key < $1.key }
            .map { MetricFamily.Sample($0.value, [("connection", $0.key)]) }
        if !tokens.isEmpty {
            families.append(
                MetricFamily(
                    "rate_tokens", .gauge,
                    help: "Starts that the rate budget of a connection lets go at once.",
                    samples: tokens))
        }
        families.append(
            MetricFamily(
                "build_info", .gauge, help: "The version of this binary.",
                samples: [.init(1, [("version", Daemon.version)])]))
        if let version = ZoneDataVersion.read(host) {
            families.append(
                MetricFamily(
                    "tzdata_info", .gauge, help: "The version of the host's time zone data.",
                    samples: [.init(1, [("version", version)])]))
        }
        return families
    }

    /// Starts that the rate budget of each connection lets go at once; none that can't be read.
    func tokens(_ reader: LedgerReader) -> [String: Double] {
        guard let budgets = try? reader.budgets() else { return [:] }
        let policies = policies.withLock { $0 }
        let now = clock.now().wall
        return budgets.reduce(into: [:]) { tokens, row in
            guard let policy = policies[row.connection] else { return }
            let budget = RateBudget(
                policy: policy, learnedRequests: row.learnedRequests,
                learnedWindowMilliseconds: row.learnedWindowMilliseconds,
                tatMicroseconds: row.tatMicroseconds)
            var available = budget.available(.start, now: now)
            if let limit = row.startLimit {
                let own = RateBudget(
                    policy: policy, learnedRequests: limit.requests,
                    learnedWindowMilliseconds: limit.windowMilliseconds,
                    tatMicroseconds: limit.budgetTATMicroseconds)
                available = min(available, own.available(.start, now: now))
            }
            tokens[row.connection] = Double(available)
        }
    }
}
