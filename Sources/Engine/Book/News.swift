import ProcessesAPI
import Store
import Timetable

/// What a lower room tells a higher one; the turn drains it.
enum News {
    /// A slot or run of the schedule has ended and may set off `after` schedules.
    case ended(schedule: String)
    /// What the slots of a connection waited for is over, also what their own answers said.
    case recovered(connection: String)
    /// A list of the connection is wanted, as urgently as a start.
    case wantsLook(connection: String)
    /// A server's clock agreed with ours when its answer was received.
    case clockAgrees(at: Instant)
    /// A list shows something new of a process.
    case shown(Sighting)
    /// A list that was requested at the instant has come to its end.
    case listed(connection: String, since: Instant)
}

/// An item of a list that shows something new.
struct Sighting {
    var look: Look
    var run: RunSummary?
    var connection: Connection
    /// Our own user there, when the list came.
    var ourUserID: String?
    /// A schedule or an open slot names its process.
    var isNamed: Bool
}
