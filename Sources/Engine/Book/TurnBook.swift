import Store
import Timetable

/// The book of a turn: its moment, its effects, when the next one is due, and the rows it has read.
///
/// The lowest room; every other one is handed it.
final class TurnBook {
    /// What a failed turn or step puts back.
    private struct Page {
        var time = Now(wall: Instant(milliseconds: 0), monotonicMilliseconds: 0)
        /// Only the earliest: a list that a step's copy shares is copied whole by the next wish.
        var wake: Instant?
        var wantsTurnSoon = false
        var connections: [String: ConnectionRow] = [:]
        var daemon: DaemonRow?
        var news: [News] = []
    }

    /// Unowned: the rooms hold the book.
    private struct Member {
        unowned let room: any Room
    }

    let ledger: Ledger
    let limits: Limits
    /// Guards of the protocol that negative tests switch off.
    let guards: Guards
    private var page = Page()
    /// In the order in which they leave, once the turn is durable.
    private(set) var effects: [Effect] = []
    private var members: [Member] = []
    /// Leads back to before the turn whose transaction is still open.
    var putBackOpen: (() -> Void)?

    init(ledger: Ledger, limits: Limits, guards: Guards) {
        self.ledger = ledger
        self.limits = limits
        self.guards = guards
    }

    /// From now on the room is put back with the others.
    func join(_ room: any Room) { members.append(Member(room: room)) }

    // MARK: What Step needs

    func keepAll() -> () -> Void {
        let (kept, effectsKept) = (page, effects.count)
        let putBack = members.map { $0.room.keep() }
        return { [self] in
            page = kept
            effects.removeLast(max(0, effects.count - effectsKept))
            for undo in putBack { undo() }
        }
    }

    func settleAll() {
        for member in members { member.room.settle() }
    }

    func open(at moment: Now) {
        // News of a turn that is over may have been told after it was drained.
        let news = page.news
        page = Page()
        effects = []
        page.time = moment
        page.news = news
        for member in members { member.room.beginTurn() }
    }

    // MARK: The moment

    /// Both clocks' readings of this turn.
    var time: Now { page.time }
    /// The wall clock's.
    var now: Instant { page.time.wall }

    /// The wall clock was set by so much since the last turn.
    func clockWasSet(by milliseconds: Int64) throws {
        forgetRows()
        for member in members { try member.room.clockWasSet(by: milliseconds) }
    }

    // MARK: What is wanted

    func release(_ effect: Effect) { effects.append(effect) }

    func log(_ level: LogLine.Level, _ message: String, alarm: AlarmKind? = nil) {
        release(.log(LogLine(level: level, message: message, alarm: alarm)))
    }

    func reply(_ commandID: UInt64, _ reply: CommandReply) {
        release(.reply(commandID: commandID, reply))
    }

    /// A turn is wanted at that instant at the latest.
    func wake(at instant: Instant) { page.wake = min(page.wake ?? instant, instant) }

    /// Something is left to do at once.
    func wakeSoon() { page.wantsTurnSoon = true }

    /// The earliest instant that anybody wants a turn at.
    var nextWake: Instant? { page.wantsTurnSoon ? now : page.wake }
    var wantsTurnSoon: Bool { page.wantsTurnSoon }

    func tell(_ news: News) { page.news.append(news) }
    var hasNews: Bool { !page.news.isEmpty }

    func takeNews() -> [News] {
        defer { page.news = [] }
        return page.news
    }

    // MARK: Rows, read once a turn and written back at its end

    func connection(_ name: String) throws -> ConnectionRow? {
        if let known = page.connections[name] { return known }
        let row = try ledger.connection(name)
        page.connections[name] = row
        return row
    }

    func change(_ name: String, _ edit: (inout ConnectionRow) -> Void) throws {
        guard var row = try connection(name) else { return }
        edit(&row)
        page.connections[name] = row
    }

    func daemon() throws -> DaemonRow {
        if let known = page.daemon { return known }
        let row = try ledger.daemon()
        page.daemon = row
        return row
    }

    func save(_ row: DaemonRow) { page.daemon = row }

    /// Something else has written the rows: they are read anew.
    func forgetRows() {
        page.connections = [:]
        page.daemon = nil
    }

    func forgetRow(of connection: String) { page.connections[connection] = nil }

    func saveRows() throws {
        for name in page.connections.keys.sorted() {
            guard let row = page.connections[name], row != (try ledger.connection(name)) else {
                continue
            }
            try ledger.save(row)
        }
        if let daemon = page.daemon, daemon != (try ledger.daemon()) { try ledger.save(daemon) }
    }
}
