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
    ///
    /// - Returns: false if it was the last, or nobody wants it any more.
    private func checkNext() -> Bool {
        do {
            let reader = try LedgerReader(path: database)
            guard var tables = left.withLock({ $0 }) else { return false }
            if tables.isEmpty { tables = try reader.tables().reversed() }
            let table = tables.removeLast()
            if let damage = try reader.damage(ofTable: table) { return tell(damage, of: table) }
            return goOn(with: tables)
        } catch {
            logger.warning("the database could not be checked: \(error)")
            end()
            return false
        }
    }

    private func goOn(with tables: [String]) -> Bool {
        let isWanted = left.withLock { left in
            guard left != nil else { return false }
            left = tables.isEmpty ? nil : tables
            return true
        }
        guard isWanted, tables.isEmpty else { return isWanted }
        logger.info("the whole database was checked: it is sound")
        inbox.post(.trouble(Trouble(kind: .damaged, subject: database, whatToDo: nil)))
        return false
    }

    private func tell(_ damage: String, of table: String) -> Bool {
        end()
        let words =
            "\(damage) (found in \(table)): nothing is started any more; keep the file, and restore a "
            + "backup made by carillon backup"
        logger.error("the database \(database) is damaged: \(words)")
        inbox.post(.trouble(Trouble(kind: .damaged, subject: database, whatToDo: words)))
        return false
    }
}
