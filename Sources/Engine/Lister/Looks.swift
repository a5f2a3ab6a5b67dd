import ProcessesAPI
import Store
import Timetable

/// The last look at each process that a schedule names or that has an open run.
final class Looks: Room, Grounded {
    let ground: Ground
    private var known = UndoTable<ProcessKey, KnownLook>()
    /// Users that lists have shown: a cache of words, so a turn that fails may leave it as it is.
    private var userIDs: Set<String> = []

    init(_ ground: Ground) { self.ground = ground }

    func keep() -> () -> Void {
        let mark = known.mark
        return { [self] in known.restore(to: mark) }
    }

    func settle() { known.forgetChanges() }

    subscript(key: ProcessKey) -> Look? { known[key]?.look }

    /// The wall clock was set: nobody knows how old they are.
    func forgetAll() { known.removeAll() }

    /// The list may show it again just as before, and that is news then.
    func expectNews(of key: ProcessKey) {
        if let look = self[key] { known[key] = KnownLook(look: look, isPlain: false) }
    }

    // MARK: Items of lists

    /// Takes an item of a list, its process's look (docs/protocol.md#words), if anybody is
    /// interested in it.
    ///
    /// - Parameters:
    ///   - summary: the item.
    ///   - connection: whose list it is.
    ///   - ours: our own user there.
    ///   - isInDoubt: an attempt on the process is.
    ///   - requestedAt: when its page was.
    ///   - serverAt: the page's `Date`.
    /// - Returns: what others must hear of; nil: nothing has changed.
    func take(
        _ summary: ProcessSummary, _ connection: Connection, ours: String?, isInDoubt: Bool,
        requestedAt: Instant, serverAt: Instant?
    ) -> Sighting? {
        let key = ProcessKey(baseURL: connection.baseURL, processID: summary.id)
        guard roster.isNamed(key) || roster.isFollowed(key) else { return nil }
        var look = Look(
            baseURL: connection.baseURL, processID: summary.id, processName: summary.name,
            requestedAt: requestedAt, lookedAt: now, serverAt: serverAt)
        if let run = summary.run {
            look.runID = run.id
            look.runStatus = run.status.raw
            look.runCreatedAt = run.created
            look.runModifiedAt = run.modified
            // Most runs of a connection are of one user, whose name is kept once.
            let user = run.createdBy ?? run.managerUser
            look.runUserID = user.map { $0 == ours ? ours ?? $0 : kept($0) }
        }
        // Of ten thousand processes hardly one has changed since the last list: the others cost no
        // statement.
        if let known = known[key], known.isPlain, known.ourUserID == ours,
            known.shows(the: look), !isInDoubt
        {
            self.known[key] = known.again(at: look)
            return nil
        }
        return Sighting(
            look: look, run: summary.run, connection: connection, ourUserID: ours,
            isNamed: roster.isNamed(key))
    }

    /// From now on the look is the process's last one.
    func note(_ sighting: Sighting) {
        known[key(of: sighting.look)] = KnownLook(look: sighting.look, isPlain: false)
    }

    /// All others have heard of it.
    func settle(_ sighting: Sighting) throws {
        known[key(of: sighting.look)] = KnownLook(
            look: sighting.look, isPlain: try isPlain(sighting.look, ours: sighting.ourUserID),
            ourUserID: sighting.ourUserID)
    }

    private func key(of look: Look) -> ProcessKey {
        ProcessKey(baseURL: look.baseURL, processID: look.processID)
    }

    /// One copy of a user's id, for as long as not too many users come.
    private func kept(_ user: String) -> String {
        if let known = userIDs.firstIndex(of: user) { return userIDs[known] }
        if userIDs.count < 1000 { userIDs.insert(user) }
        return user
    }

    /// The run of the look can't become anybody's: a slot has it, or another user started it.
    private func isPlain(_ look: Look, ours: String?) throws -> Bool {
        guard let runID = look.runID else { return true }
        guard let run = try ledger.run(baseURL: look.baseURL, runID: runID) else {
            return false
        }
        if let ours, let user = look.runUserID, user != ours { return true }
        // Without a user of ours nothing is ever a duplicate; once there is one, all looks count.
        return ours == nil || run.slotID != nil
    }
}

/// The last look at a process, and whether the next one may be passed over if it shows the same.
///
/// A class, since there may be a hundred thousand of them: a table of references that is a quarter
/// empty costs less than a table of looks.
private final class KnownLook {
    let look: Look
    /// Nothing hangs on it but the run it shows, which the ledger knows: for this user of ours.
    let isPlain: Bool
    let ourUserID: String?

    init(look: Look, isPlain: Bool, ourUserID: String? = nil) {
        self.look = look
        self.isPlain = isPlain
        self.ourUserID = ourUserID
    }

    /// The same look at a later time, with the words that are there already.
    func again(at other: Look) -> KnownLook {
        var again = look
        again.requestedAt = other.requestedAt
        again.lookedAt = other.lookedAt
        again.serverAt = other.serverAt
        return KnownLook(look: again, isPlain: isPlain, ourUserID: ourUserID)
    }

    /// The list shows the same run in the same state under the same name.
    func shows(the other: Look) -> Bool {
        look.runID == other.runID && look.runStatus == other.runStatus
            && look.runModifiedAt == other.runModifiedAt && look.processName == other.processName
            && look.runUserID == other.runUserID
    }
}
