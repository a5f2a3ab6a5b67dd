package import Console
package import Timetable

/// The zones read so far, each file once.
///
/// A class because many schedules (or 100,000 lines of `next --stdin`) share the zones; it is used
/// within one synchronous call and never shared between tasks.
package final class ZoneShelf {
    /// Why there is no such zone.
    package struct Refusal: Error, Equatable, Sendable {
        package var message: String
    }

    /// Where hosts keep them.
    package static let folder = "/usr/share/zoneinfo/"

    private let host: any HostReading
    private var known: [String: Result<Zone, Refusal>] = [:]
    private lazy var names = host.zoneNames()
    private lazy var links = ZoneLinks(host)

    /// Makes an empty shelf over the host's zone files.
    package init(_ host: any HostReading) {
        self.host = host
    }

    /// The zone of an IANA name, or why not and which name is nearest.
    package func zone(_ name: String) -> Result<Zone, Refusal> {
        if let found = known[name] { return found }
        let result = read(name)
        known[name] = result
        return result
    }

    /// The zone of an IANA name on a host, for whoever needs just one; nil: there is none.
    package static func zone(_ name: String, on host: any HostReading) -> Zone? {
        try? ZoneShelf(host).zone(name).get()
    }

    private func read(_ name: String) -> Result<Zone, Refusal> {
        guard let bytes = host.zoneData(named: name) else {
            // A host without tzdata still knows UTC.
            if name == "UTC" { return .success(.utc) }
            return .failure(Refusal(message: "unknown time zone" + hint(name)))
        }
        do {
            return .success(try Zone(name: name, tzif: bytes))
        } catch {
            return .failure(Refusal(message: "the zone's file is damaged: \(error)"))
        }
    }

    /// The nearest name; a city or country alone (`new york`) is enough.
    private func hint(_ name: String) -> String {
        if names.isEmpty { return "; no zone files are installed (apt-get install tzdata)" }
        if let present = links.present(name) {
            return "; it is an old name of \"\(present)\": write that, or install the old names "
                + "(apt-get install tzdata-legacy)"
        }
        let near =
            NearestName.find(name, in: names)
            ?? names.first { zone in
                let city = zone.split(separator: "/").last.map(String.init) ?? zone
                return NearestName.find(name, in: [city]) != nil
            }
        return near.map { "; did you mean \"\($0)\"?" }
            ?? "; write an IANA name such as \"America/New_York\" or \"UTC\""
    }
}
