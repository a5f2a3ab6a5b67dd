import Config
import Console
import Store
import Timetable

/// Times in arguments, local in the zone that a schedule has in the ledger.
struct LedgerTimes {
    let reader: LedgerReader
    let environment: CommandEnvironment

    /// The zone that a schedule had at an instant; nil: not known, or not on this host.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    func zone(of schedule: String, at instant: Instant) throws -> Zone? {
        let revision = try reader.revision(schedule: schedule, at: instant)
        guard !revision.rows.isEmpty, let name = revision.value("timezone", row: 0).words else {
            return nil
        }
        return ZoneShelf.zone(name, on: environment.host)
    }

    /// The instant that an option's text means, local in the schedule's zone, or in the terminal's.
    ///
    /// - Throws: `CommandFailure` with 2 for what is no time; `StoreError` if the ledger can't be read.
    func instant(
        _ text: String, _ option: String, of schedule: String?, _ direction: SpokenTime.Direction
    ) throws -> Instant {
        let own = try schedule.flatMap { try zone(of: $0, at: environment.now()) }
        return try SpokenTime.parse(
            text, zone: own ?? HostZone.zone(environment.host), now: environment.now(),
            direction: direction
        ).said(option, text)
    }

    /// The day that a text means, in the zone that a schedule had then; nil: the text is no day.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    func day(_ text: String, of schedule: String) throws -> SpokenTime.Day? {
        let now = environment.now()
        guard let present = try zone(of: schedule, at: now),
            let day = SpokenTime.day(text, zone: present, now: now)
        else { return nil }
        let then = try zone(of: schedule, at: day.instants.lowerBound)
        return then.flatMap { SpokenTime.day(text, zone: $0, now: now) } ?? day
    }

    /// The instant of a slot, local in the zone of that time, which an edit may have changed.
    ///
    /// - Throws: `CommandFailure` with 2 for what is no time; `StoreError` if the ledger can't be read.
    func slot(_ text: String, of schedule: String) throws -> Instant {
        let now = environment.now()
        func meant(_ zone: Zone?) -> Result<Instant, TimeArgument.Refusal> {
            zone.map { SpokenTime.parse(text, zone: $0, now: now, direction: .back) }
                ?? TimeArgument.parse(text, zone: nil)
        }
        let present = try zone(of: schedule, at: now)
        if case .success(let instant) = meant(present),
            let then = try zone(of: schedule, at: instant), then.name != present?.name
        {
            return try meant(then).said(nil, text)
        }
        return try meant(present).said(nil, text)
    }
}

extension Result where Success == Instant, Failure == TimeArgument.Refusal {
    /// The instant, or a failure that says the option, what was written, and what to write.
    ///
    /// - Throws: `CommandFailure` with 2 for what is no time.
    func said(_ option: String?, _ text: String) throws(CommandFailure) -> Instant {
        let place = option.map { $0 + " " } ?? ""
        return try mapError {
            CommandFailure(.usage, place + Printable.escaped(text, limit: 60) + ": \($0.message)")
        }.get()
    }
}
