import Config
import Console
import Dashboard
import Engine
import Store
import Synchronization

/// Where the dashboard is to be opened, and under which names.
struct DashboardPlace: Sendable, Equatable {
    var http: SocketAddress
    var front: DashboardFront

    /// nil: nowhere.
    init?(_ settings: DaemonSettings) {
        guard let http = settings.http else { return nil }
        self.http = http
        front = DashboardFront(base: settings.httpBase, hosts: settings.httpHosts)
    }
}

/// Where both doors are to be.
struct DoorSigns: Sendable {
    let control: DoorSign<String>
    let dashboard: DoorSign<DashboardPlace>

    init(_ settings: DaemonSettings) {
        control = DoorSign(settings.controlSocket)
        dashboard = DoorSign(DashboardPlace(settings))
    }
}

/// `[daemon]` under a running daemon: what a reload changes at once, and what waits for a restart.
///
/// `keep_history`, `catchup_per_minute` and `heartbeat` are the engine's and the courier's, `strict`
/// is read by the next start; only the database stays what it was.
final class LiveSettings: Sendable {
    private let started: DaemonSettings
    private let signs: DoorSigns
    private let logTaste: LogTaste?
    private let pending = Mutex<String?>(nil)

    /// - Parameters:
    ///   - started: what the daemon was started with.
    ///   - signs: where its doors are.
    ///   - logTaste: what it logs, and how.
    init(_ started: DaemonSettings, signs: DoorSigns, logTaste: LogTaste?) {
        self.started = started
        self.signs = signs
        self.logTaste = logTaste
    }

    /// What a restart is needed for, in words.
    var pendingRestart: String? { pending.withLock { $0 } }

    /// Takes the settings over.
    ///
    /// - Returns: what a restart is needed for; nil: nothing.
    func adopt(_ settings: DaemonSettings) -> String? {
        logTaste?.adopt(settings)
        signs.control.move(to: settings.controlSocket)
        signs.dashboard.move(to: DashboardPlace(settings))
        let words = PendingRestart.words(from: started, to: settings)
        pending.withLock { $0 = words }
        return words
    }
}

/// Changes of `[daemon]` that a reload can't take over.
enum PendingRestart {
    /// What is to be restarted for; nil: nothing.
    static func words(from old: DaemonSettings, to new: DaemonSettings) -> String? {
        var changes: [String] = []
        if new.database != old.database {
            changes.append("database (still \(old.database), then \(new.database))")
        }
        if new.takesNetworkRisk != old.takesNetworkRisk {
            changes.append("network_filesystem (still \(old.takesNetworkRisk))")
        }
        guard !changes.isEmpty else { return nil }
        return
            "a restart is needed for [daemon] \(Console.Words.and(changes)): systemctl restart carillon"
    }

    /// The row of `attention`; nil: it is over.
    static func trouble(_ words: String?) -> Trouble {
        Trouble(kind: .restart, subject: "[daemon]", whatToDo: words)
    }
}
