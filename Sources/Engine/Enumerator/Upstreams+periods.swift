import Store
import Timetable

/// Periods of a joined `after` rule that can't become whole any more (docs/protocol.md, rule 11).
extension Upstreams {
    /// A period that is over, has an end of one upstream, and can get none of another.
    private struct Broken {
        var period: String
        var missing: [String]
    }

    private static var toldEveryMilliseconds: Int64 { 60_000 }

    /// Tells people what was not started since an upstream had no slot in a period; a later start shows
    /// that all is well again.
    ///
    /// - Parameters:
    ///   - schedule: waits for several others.
    ///   - rule: says which of their ends belong together.
    ///   - row: what the ledger knows of it.
    /// - Returns: when to look again at the latest; nil: not before another upstream has ended.
    /// - Throws: `StoreError` if the ledger can't be read or written.
    func tellPeriods(
        _ schedule: Schedule, _ rule: AfterRule, row: ScheduleRow
    ) throws -> Instant? {
        guard let present = rule.period(of: now, in: schedule.zone), rule.upstreams.count > 1 else {
            try ledger.clear(kind: .unmatched, subject: schedule.name)
            return nil
        }
        let since = max(row.effectiveAt, try ledger.lastStart(of: schedule.name) ?? row.effectiveAt)
        var ended: [String: Set<String>] = [:]
        for upstream in rule.upstreams {
            for end in try ledger.unusedEnds(
                of: upstream, for: schedule.name, since: since, limit: Self.endsMax)
            {
                let period = rule.period(of: end.slotAt, in: schedule.zone) ?? ""
                ended[period, default: []].insert(upstream)
            }
        }
        // A second end of a period that was whole is none too few.
        for slotAt in try ledger.usedEnds(by: schedule.name, limit: Self.endsMax) {
            ended[rule.period(of: slotAt, in: schedule.zone) ?? ""] = nil
        }
        let past = ended.keys.filter { $0 < present }.sorted()
        let open = past.isEmpty ? [:] : try openPeriods(of: rule, in: schedule.zone)
        let broken = try past.compactMap { period in
            let missing = try rule.upstreams.filter { upstream in
                try !(ended[period]?.contains(upstream) ?? false)
                    && !(open[upstream]?.contains(period) ?? false)
                    && !mayCome(upstream, in: period, of: rule, schedule.zone)
            }
            return missing.isEmpty ? nil : Broken(period: period, missing: missing)
        }
        if let last = broken.last {
            let earlier = broken.count == 1 ? "" : ", nor for \(broken.count - 1) before it"
            try ledger.raise(
                kind: .unmatched, subject: schedule.name,
                whatToDo: "nothing was started for \(last.period)\(earlier): "
                    + "\(last.missing.joined(separator: ", ")) had no slot then, and all of "
                    + "\(rule.upstreams.joined(separator: ", ")) are waited for; carillon trigger "
                    + "\(schedule.name) starts it all the same", now: now)
        } else {
            try ledger.clear(kind: .unmatched, subject: schedule.name)
        }
        // A start ends it; and a period is over with a day.
        if !broken.isEmpty { return now.adding(milliseconds: Self.toldEveryMilliseconds) }
        return ended.isEmpty ? nil : schedule.zone.next(0, after: now)
    }

    /// Of schedules that join nothing any more there is nothing to tell.
    ///
    /// - Throws: `StoreError` if the ledger can't be read or written.
    func forgetPeriods() throws {
        for name in try ledger.alarms(.unmatched) {
            let isJoined = roster.schedules.dependents.contains {
                $0.name == name && $0.rule.join != .order
            }
            if !isJoined { try ledger.clear(kind: .unmatched, subject: name) }
        }
    }

    /// Periods of which a slot of each upstream is still to end.
    private func openPeriods(of rule: AfterRule, in zone: Zone) throws -> [String: Set<String>] {
        var found: [String: Set<String>] = [:]
        for upstream in rule.upstreams {
            let periods = try ledger.slotsYetToEnd(of: upstream)
                .map { rule.period(of: $0, in: zone) ?? "" }
            found[upstream] = Set(periods)
        }
        return found
    }

    /// Whether a slot of a past period is still to be made.
    private func mayCome(
        _ upstream: String, in period: String, of rule: AfterRule, _ zone: Zone
    ) throws -> Bool {
        guard case .rule(let own) = roster.schedule(upstream)?.trigger, !own.isReboot,
            let row = try ledger.schedule(upstream), row.state == .active,
            let next = row.nextSlotAt
        else { return false }
        return (rule.period(of: next, in: zone) ?? "") <= period
    }
}
