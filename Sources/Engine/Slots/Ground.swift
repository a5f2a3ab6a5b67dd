import Store
import Timetable

/// What every room stands on: the book of the turn, this life, what is configured, and slots as rows.
struct Ground {
    let book: TurnBook
    let life: Life
    let roster: Roster
    let slots: Slots
}

/// Stands on the ground.
protocol Grounded {
    var ground: Ground { get }
}

extension Grounded {
    var book: TurnBook { ground.book }
    var life: Life { ground.life }
    var roster: Roster { ground.roster }
    var slots: Slots { ground.slots }
    var ledger: Ledger { ground.book.ledger }
    var limits: Limits { ground.book.limits }
    /// The wall clock's reading of this turn.
    var now: Instant { ground.book.now }
}
