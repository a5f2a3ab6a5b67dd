import Store
import Timetable

/// What every start that a person asks for goes through.
extension Operator {
    /// A schedule that can be started now.
    struct Place {
        let schedule: Schedule
        let row: ScheduleRow
    }

    /// A repeat of the same request answers with the same slot; nil: it is the first.
    func answer(to uuid: String) throws -> CommandReply? {
        try ledger.slot(triggerUUID: uuid).map { known in
            .done(
                "slot \(known.slotID) of \(known.schedule), \(known.disposition.rawValue)",
                slotID: known.slotID)
        }
    }

    /// Does something with a schedule, or says why it can't be started.
    func startable(
        _ name: String, _ body: (Place) throws -> CommandReply
    ) throws -> CommandReply {
        guard let schedule = roster.schedule(name), let row = try ledger.schedule(name) else {
            return .notFound("there is no active schedule \"\(name)\"")
        }
        guard schedule.mode == .run else {
            return .conflict("\(name) is in observe mode, nothing is sent for it")
        }
        guard !life.isDraining else {
            return .conflict("the daemon is draining; first: carillon resume --all")
        }
        return try body(Place(schedule: schedule, row: row))
    }

    /// The open run that `overlap = "skip"` doesn't start beside; nil: there is none.
    func openRun(barring place: Place) throws -> String? {
        guard place.schedule.overlap == .skip, case .id(let processID) = place.schedule.process,
            let open = try ledger.openRuns(baseURL: place.row.baseURL, processID: processID).first
        else { return nil }
        return "run \(open.runID) of this process is still \(open.status); --force starts anyway"
    }

    /// The first instant that no manual slot has: what was triggered in this very millisecond, or made up
    /// for it in vain.
    func freeInstant(of schedule: String, from instant: Instant) throws -> Instant {
        var at = instant
        while try ledger.slots(schedule: schedule, at: at).contains(where: { $0.kind == .manual }) {
            at = at.adding(milliseconds: 1)
        }
        return at
    }
}
