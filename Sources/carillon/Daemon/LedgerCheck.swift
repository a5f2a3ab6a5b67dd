import Engine
import Logging
import Store
import Synchronization

/// Reads the whole file while the daemon works, after an end that may have left it damaged.
///
/// A start looks only at what turns need, so that it takes no longer with a long history; the rest is
/// read here, table after table and then as a whole, slowly, over a connection that can't write. A damage is an alarm, and
/// ends the daemon with 78: what a damaged file tells of earlier starts can't be relied on.
final class LedgerCheck: Sendable {
    private let database: String
    private let inbox: Inbox
    private let logger: Logger
    private enum Part {
        case table(String)
        /// What no table shows: free pages, and pages that two tables take for their own.
        case whole
    }
    private struct Work {
        /// What is still to be read, the last one first; empty: all; nil: nobody wants it.
        var left: [Part]?
        var round = 0
        /// The thread is there.
        var isUnderway = false
    }
    private let work = Mutex(Work())
    /// What the next turns may read comes first.
    private static let first = ["slots", "attempts", "process_runs"]
    /// Why it could not go on; each is logged once.
    private let refusals = Mutex<Set<String>>([])

    init(database: String, inbox: Inbox, logger: Logger) {
        self.database = database
        self.inbox = inbox
        self.logger = logger
    }

    /// Begins, or begins anew: what was read before the file was opened anew tells nothing of it.
    func begin() {
        let isUnderway = work.withLock { work in
            work.round += 1
            work.left = []
            defer { work.isUnderway = true }
            return work.isUnderway
        }
        guard !isUnderway else { return }
        logger.info("the whole database is checked, slowly: an end was not a clean one")
        IdleThread.begin(name: "carillon-check") { [self] in checkNext() }
    }

    /// Ends it after the present table.
    func end() {
        work.withLock { work in
            work.round += 1
            work.left = nil
        }
    }

    /// Reads one part.
    private func checkNext() -> IdleThread.Sequel {
        let (round, wanted): (Int, [Part]?) = work.withLock { work in
            if work.left == nil { work.isUnderway = false }
            return (work.round, work.left)
        }
        guard var parts = wanted else { return .nothing }
        do {
            let reader = try LedgerReader(path: database)
            if parts.isEmpty { parts = Self.inOrder(try reader.tables()) }
            switch parts.removeLast() {
            case .table(let table):
                if let damage = try reader.damage(ofTable: table) { return tell(damage, of: table) }
            case .whole:
                if let damage = try reader.damages(limit: 1).first {
                    return tell(damage, of: "the whole file")
                }
            }
            return goOn(with: parts, in: round)
        } catch let error as StoreError where error.kind == .corrupt {
            return tell(error.cause, of: "the file")
        } catch {
            return tryAgain("\(error)")
        }
    }

    private static func inOrder(_ tables: [String]) -> [Part] {
        let ordered = first + tables.filter { !first.contains($0) }
        return [.whole] + ordered.reversed().map { .table($0) }
    }

    /// A part that can't be read tells nothing of what is in it: it is read again later, and a person
    /// hears of it meanwhile.
    private func tryAgain(_ cause: String) -> IdleThread.Sequel {
        if refusals.withLock({ $0.insert(cause).inserted }) {
            logger.warning("the database could not be checked, which is tried again: \(cause)")
        }
        raise(.notChecked, "it could not be checked whether the database is sound: \(cause)")
        return .again
    }

    private func goOn(with parts: [Part], in round: Int) -> IdleThread.Sequel {
        let isDone = work.withLock { work in
            guard work.round == round else { return false }
            work.left = parts.isEmpty ? nil : parts
            return parts.isEmpty
        }
        guard isDone else { return .another }
        logger.info("the whole database was checked: it is sound")
        raise(.notChecked, nil)
        raise(.damaged, nil)
        return .another
    }

    private func tell(_ damage: String, of table: String) -> IdleThread.Sequel {
        end()
        let words =
            "\(damage) (found in \(table)): nothing is started any more; keep the file, and restore a "
            + "backup made by carillon backup"
        logger.error("the database \(database) is damaged: \(words)")
        raise(.damaged, words)
        return .another
    }

    private func raise(_ kind: AlarmKind, _ words: String?) {
        inbox.post(.trouble(Trouble(kind: kind, subject: database, whatToDo: words)))
    }
}
