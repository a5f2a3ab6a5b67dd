import Engine
import Logging
import Store
import Synchronization

/// Reads the whole file while the daemon works, after an end that may have left it damaged.
///
/// A start looks only at what turns need, so that it takes no longer with a long history; the rest is
/// read here, table after table, slowly, over a connection that can't write. A damage is an alarm, and
/// ends the daemon with 78: what a damaged file tells of earlier starts can't be relied on.
final class LedgerCheck: Sendable {
    private let database: String
    private let inbox: Inbox
    private let logger: Logger
    /// Tables that are still to be read, the last one first; nil: not begun, or done.
    private let left = Mutex<[String]?>(nil)
    /// Why it could not go on; each is logged once.
    private let refusals = Mutex<Set<String>>([])

    init(database: String, inbox: Inbox, logger: Logger) {
        self.database = database
        self.inbox = inbox
        self.logger = logger
    }

    /// Begins, unless it is under way.
    func begin() {
        let isUnderway = left.withLock { left in
            defer { left = left ?? [] }
            return left != nil
        }
        guard !isUnderway else { return }
        logger.info("the last end was not a clean one: the whole database is checked, slowly")
        IdleThread.begin(name: "carillon-check") { [self] in checkNext() }
    }

    /// Ends it after the present table.
    func end() { left.withLock { $0 = nil } }

    /// Reads one table.
    private func checkNext() -> IdleThread.Next {
        guard var tables = left.withLock({ $0 }) else { return .nothing }
        do {
            let reader = try LedgerReader(path: database)
            if tables.isEmpty { tables = try reader.tables().reversed() }
            let table = tables.removeLast()
            if let damage = try reader.damage(ofTable: table) { return tell(damage, of: table) }
            return goOn(with: tables)
        } catch let error as StoreError where error.kind == .corrupt {
            return tell(error.cause, of: "its schema")
        } catch {
            return tryAgain("\(error)")
        }
    }

    /// A part that can't be read tells nothing of what is in it: it is read again later, and a person
    /// hears of it meanwhile.
    private func tryAgain(_ cause: String) -> IdleThread.Next {
        if refusals.withLock({ $0.insert(cause).inserted }) {
            logger.warning("the database could not be checked, which is tried again: \(cause)")
        }
        raise(.notChecked, "it could not be checked whether the database is sound: \(cause)")
        return .again
    }

    private func goOn(with tables: [String]) -> IdleThread.Next {
        let isWanted = left.withLock { left in
            guard left != nil else { return false }
            left = tables.isEmpty ? nil : tables
            return true
        }
        guard isWanted else { return .nothing }
        guard tables.isEmpty else { return .another }
        logger.info("the whole database was checked: it is sound")
        raise(.notChecked, nil)
        raise(.damaged, nil)
        return .nothing
    }

    private func tell(_ damage: String, of table: String) -> IdleThread.Next {
        end()
        let words =
            "\(damage) (found in \(table)): nothing is started any more; keep the file, and restore a "
            + "backup made by carillon backup"
        logger.error("the database \(database) is damaged: \(words)")
        raise(.damaged, words)
        return .nothing
    }

    private func raise(_ kind: AlarmKind, _ words: String?) {
        inbox.post(.trouble(Trouble(kind: kind, subject: database, whatToDo: words)))
    }
}
