package import Console
package import Timetable

/// The zone of the person at the terminal, for times that belong to no schedule.
package enum HostZone {
    /// `TZ`, else what the host calls its zone, else UTC.
    package static func zone(_ host: any HostReading) -> Zone {
        var names: [String] = []
        if let variable = host.environment("TZ") {
            names.append(String(variable.drop(while: { $0 == ":" })))
        }
        if let bytes = try? host.read("/etc/timezone", limit: 1024),
            let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first
        {
            names.append(String(line))
        }
        let shelf = ZoneShelf(host)
        for name in names where !name.isEmpty {
            if let zone = try? shelf.zone(name).get() { return zone }
        }
        return .utc
    }
}
