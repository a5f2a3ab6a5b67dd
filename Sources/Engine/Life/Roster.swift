import Store
import Timetable

/// What is configured now: connections, schedules, and the processes that they are about.
///
/// Everybody reads it; only the reload writes it, and a name that was found adds its process.
final class Roster: Room {
    private struct State {
        var configuration: EngineConfiguration?
        var revisionID: Int64 = 0
        var schedules = EnabledSchedules([])
        var treeParts: Set<TreePart> = []
        var named: Set<ProcessKey> = []
        var followed: Set<ProcessKey> = []
        var pollMinMilliseconds: [String: Int64] = [:]
        var checkedAhead: [String: Int] = [:]
    }

    private let book: TurnBook
    private var state = State()

    init(book: TurnBook) { self.book = book }

    func keep() -> () -> Void {
        let kept = state
        return { [self] in state = kept }
    }

    // MARK: What everybody reads

    /// Nil until the first one has come.
    var configuration: EngineConfiguration? { state.configuration }
    /// The row of the configuration in `config_revisions`.
    var revisionID: Int64 { state.revisionID }
    var connections: [String: Connection] { state.configuration?.connections ?? [:] }
    /// Those that are enabled, by name.
    var schedules: EnabledSchedules { state.schedules }
    /// The parts of trees that rules of any schedule look at.
    var treeParts: Set<TreePart> { state.treeParts }
    func schedule(_ name: String) -> Schedule? { state.schedules[name] }
    func connection(_ name: String) -> Connection? { state.configuration?.connections[name] }

    /// A schedule names the process, or an open slot does: its external runs are recorded too.
    func isNamed(_ process: ProcessKey) -> Bool { state.named.contains(process) }
    /// No schedule names it, but it has runs that are still looked at.
    func isFollowed(_ process: ProcessKey) -> Bool { state.followed.contains(process) }

    /// How fast runs of a schedule are followed, also of one that is gone.
    func pollPolicy(_ schedule: String?) -> PollPolicy {
        schedule.flatMap { state.schedules[$0]?.poll } ?? PollPolicy()
    }

    /// The smallest `poll.min` of a connection's schedules.
    func pollMinMilliseconds(_ connection: String) -> Int64 {
        state.pollMinMilliseconds[connection] ?? PollPolicy().minMilliseconds
    }

    /// How long the API may still act on a request that we have lost, also of a connection that is gone.
    func requestWindowMilliseconds(_ connection: String) -> Int64 {
        self.connection(connection)?.requestWindowMilliseconds
            ?? Connection.requestWindowMillisecondsDefault
    }

    /// How many schedules of a connection have their slots checked ahead.
    func checkedAhead(_ connection: String) -> Int { state.checkedAhead[connection] ?? 0 }

    // MARK: What the reload writes

    func take(_ new: EngineConfiguration, revisionID: Int64) {
        state.configuration = new
        state.revisionID = revisionID
        state.schedules = EnabledSchedules(new.schedules)
        state.treeParts = state.schedules.values.reduce(into: []) {
            $0.formUnion($1.outcome.parts)
        }
        state.pollMinMilliseconds = Dictionary(
            state.schedules.values.map { ($0.connection, $0.poll.minMilliseconds) },
            uniquingKeysWith: min)
        state.checkedAhead = Dictionary(
            state.schedules.values.filter { $0.preflightMilliseconds != nil }
                .map { ($0.connection, 1) },
            uniquingKeysWith: +)
    }

    /// Also those of slots that have not ended: a slot of a schedule that is gone still settles, and
    /// a process named by pattern is known by its slots only.
    func readProcesses() throws {
        state.named = Set(
            try book.ledger.processesOfOpenSlots().map {
                ProcessKey(baseURL: $0.baseURL, processID: $0.processID)
            })
        for schedule in state.schedules.values {
            guard case .id(let id) = schedule.process,
                let connection = connection(schedule.connection)
            else { continue }
            state.named.insert(ProcessKey(baseURL: connection.baseURL, processID: id))
        }
        state.followed = []
        for baseURL in Set(connections.values.map(\.baseURL)) {
            for processID in try book.ledger.processesOfFollowedRuns(baseURL: baseURL) {
                let key = ProcessKey(baseURL: baseURL, processID: processID)
                if !isNamed(key) { state.followed.insert(key) }
            }
        }
    }

    /// A pattern has been found to name the process.
    func name(_ process: ProcessKey) { state.named.insert(process) }
}

/// A process on a base URL.
struct ProcessKey: Hashable {
    var baseURL: String
    var processID: String
}

/// The enabled schedules by name: places in the configuration's own array, since a schedule is some
/// seven hundred bytes, and a dictionary of them has room for twice as many.
struct EnabledSchedules {
    private let all: [Schedule]
    private let places: [String: Int]
    /// Those that come after others, by name, and in the order of their names: asked in each turn.
    let dependents: [(name: String, rule: AfterRule)]

    init(_ schedules: [Schedule]) {
        all = schedules
        let enabled = schedules.enumerated().filter { $1.enabled }.map { ($1.name, $0) }
        // Of a name that comes twice, the last one.
        places = Dictionary(enabled, uniquingKeysWith: { $1 })
        dependents = places.sorted { $0.key < $1.key }.compactMap { name, place in
            guard case .after(let rule) = schedules[place].trigger else { return nil }
            return (name, rule)
        }
    }

    subscript(name: String) -> Schedule? { places[name].map { all[$0] } }
    var keys: Dictionary<String, Int>.Keys { places.keys }
    var values: some Sequence<Schedule> { places.values.lazy.map { all[$0] } }
}
