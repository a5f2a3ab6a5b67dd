import Config
import Console
import Engine
import ProcessesAPI
import Timetable

/// `check --online`: whether the API will let the schedules start what they name.
struct OnlineCheck {
    let loaded: LoadedConfiguration
    let environment: CommandEnvironment

    /// What was found, as sentences.
    struct Findings {
        var problems: [String] = []
        /// One line a connection.
        var facts: [String] = []
    }

    /// Asks each connection; disabled schedules are left out, and said to be.
    func run() async -> Findings {
        var findings = Findings()
        for name in loaded.engine.connections.keys.sorted() {
            let schedules = loaded.engine.schedules.filter {
                $0.connection == name && $0.enabled
            }
            do {
                try await APIInquiry.open(name, of: loaded, environment) { inquiry in
                    try await check(schedules, by: inquiry, &findings)
                }
            } catch {
                let affected = schedules.map(\.name)
                findings.problems.append(
                    "\(error)"
                        + (affected.isEmpty ? "" : " (schedules: \(Self.list(affected)))"))
            }
        }
        return findings
    }

    private func check(
        _ schedules: [Schedule], by inquiry: APIInquiry, _ findings: inout Findings
    ) async throws {
        let token = try await inquiry.token()
        let connection = inquiry.connection.name
        let missing = GrantScopes.needed.filter { !token.scopes.contains($0) }
        if !missing.isEmpty {
            let has = token.scopes.isEmpty ? "none" : token.scopes.joined(separator: " ")
            findings.problems.append(
                "connection \"\(connection)\": the grant lacks \(Words.and(missing)) (the token "
                    + "names \(Printable.escaped(has, limit: 200))); add to the grant in Workiva, "
                    + "without it nothing can be started")
        }
        let listing = try await inquiry.processes(token)
        var users: [String: [String]] = [:]
        for schedule in schedules {
            switch find(schedule, in: listing) {
            case .success(let id?): users[id, default: []].append(schedule.name)
            case .success(nil): break
            case .failure(let problem): findings.problems.append("\(problem)")
            }
        }
        for (id, names) in users.sorted(by: { $0.key < $1.key }) {
            try await validate(id, of: names, by: inquiry, token, &findings)
        }
        findings.facts.append(
            "connection \"\(connection)\": token received, "
                + Words.processes(listing.processes.count) + " listed, "
                + Words.processes(users.count) + " of "
                + Words.count(schedules.count, "schedule") + " validated")
    }

    // MARK: Finding a schedule's process

    private struct Problem: Error, CustomStringConvertible {
        var description: String
    }

    /// The id of the schedule's process; nil: it never fires again, so none is named.
    private func find(
        _ schedule: Schedule, in listing: APIInquiry.Listing
    ) -> Result<String?, Problem> {
        let prefix = "schedule \"\(schedule.name)\": "
        let left =
            listing.unreadableItems == 0
            ? "" : " (\(Words.count(listing.unreadableItems, "listed item")) could not be read)"
        switch schedule.process {
        case .id(let id):
            if listing.processes.contains(where: { $0.id == id }) { return .success(id) }
            let byName = listing.processes.first { $0.name == id }
            let hint =
                byName.map { "; that is the name of process \($0.id), write its id" }
                ?? NearestName.hint(id, in: listing.processes.map(\.id))
            return .failure(
                Problem(
                    description: prefix + "process \(id) is not listed\(left)\(hint); give the "
                        + "grant's user access to it, or write another id (carillon processes)"))
        case .name(let pattern):
            guard let slot = nextSlot(schedule) else { return .success(nil) }
            guard
                let name = NamePattern.expand(
                    pattern, slotAt: slot.at, offsetSeconds: slot.offsetSeconds)
            else {
                return .failure(
                    Problem(description: prefix + "the pattern \"\(pattern)\" can't be expanded"))
            }
            let matches = listing.processes.filter { $0.name == name }.map(\.id).sorted()
            if let only = matches.first, matches.count == 1 { return .success(only) }
            let shown = "\"\(Printable.escaped(name, limit: 200))\""
            let when = slot.at.iso8601(offsetSeconds: slot.offsetSeconds)
            let what =
                matches.isEmpty
                ? "no process has the name \(shown) that its slot at \(when) will look for\(left)"
                    + NearestName.hint(name, in: listing.processes.map(\.name))
                    + "; copy or rename the process before then"
                : "the processes \(Self.list(matches)) all have the name \(shown) that its slot at "
                    + "\(when) will look for; rename all but one before then"
            return .failure(Problem(description: prefix + what))
        }
    }

    /// The next slot that will run; for what fires by hand or after another one: now.
    private func nextSlot(_ schedule: Schedule) -> (at: Instant, offsetSeconds: Int)? {
        let now = environment.now()
        guard case .rule(let rule) = schedule.trigger, !rule.isReboot else {
            return (now, schedule.zone.offsetSeconds(at: now))
        }
        // Enough for the longest row of holidays; what lies beyond is far away anyhow.
        let next = ScheduleTimes.rows(schedule, after: now, count: 50)
            .first { $0.decision == .run }
        return next.map { ($0.at, schedule.zone.offsetSeconds(at: $0.at)) }
    }

    // MARK: Validation

    private func validate(
        _ id: String, of schedules: [String], by inquiry: APIInquiry, _ token: AccessToken,
        _ findings: inout Findings
    ) async throws {
        let subject =
            (schedules.count == 1 ? "schedule " : "schedules ") + Self.list(schedules)
            + ": process \(id)"
        do {
            for error in try await inquiry.validation(of: id, token) {
                let code = error.code.map { "\($0): " } ?? ""
                let target = error.target.map { " (at \($0))" } ?? ""
                let words = code + (error.message ?? "no message") + target
                findings.problems.append(
                    "\(subject) would not start: \(Printable.escaped(words, limit: 500)); fix it "
                        + "in Workiva")
            }
        } catch {
            findings.problems.append("\(subject) could not be validated: \(error)")
        }
    }

    /// The first names of a list, and how many more there are.
    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(10).map { "\"\($0)\"" }.joined(separator: ", ")
        return names.count <= 10 ? shown : shown + " and \(names.count - 10) more"
    }
}

extension Words {
    /// `1 process`, `5 processes`.
    static func processes(_ count: Int) -> String {
        "\(count) process\(count == 1 ? "" : "es")"
    }
}
