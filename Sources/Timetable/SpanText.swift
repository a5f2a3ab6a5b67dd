/// A length of time as people say it; what is negative counts as nothing.
package enum SpanText {
    /// As short as it can be said, for tables: `45s`, `12m`, `27h`, `3d`.
    package static func brief(seconds: Int64) -> String {
        switch max(0, seconds) {
        case let span where span < 60: "\(span)s"
        case let span where span < 3_600: "\(span / 60)m"
        // 27h tells more than 1d.
        case let span where span < 172_800: "\(span / 3_600)h"
        case let span: "\(span / 86_400)d"
        }
    }

    /// Two units that line up below each other: `45s`, `3m 05s`, `1h 05m`, `2d 04h`.
    package static func aligned(seconds: Int64) -> String {
        switch max(0, seconds) {
        case let span where span < 60: "\(span)s"
        case let span where span < 3_600: "\(span / 60)m \(String(span % 60, width: 2))s"
        case let span where span < 86_400:
            "\(span / 3_600)h \(String(span / 60 % 60, width: 2))m"
        case let span: "\(span / 86_400)d \(String(span / 3_600 % 24, width: 2))h"
        }
    }

    /// The two most significant units: `45 s`, `3 min 20 s`, `3 h 12 min`, `5 d 4 h`.
    package static func text(seconds: Int64) -> String {
        let seconds = max(0, seconds)
        let units: [(name: String, seconds: Int64)] = [
            ("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1),
        ]
        guard let first = units.firstIndex(where: { $0.seconds <= seconds }) else { return "0 s" }
        let whole = seconds / units[first].seconds
        let text = "\(whole) \(units[first].name)"
        guard first + 1 < units.count else { return text }
        let rest = seconds % units[first].seconds / units[first + 1].seconds
        return rest == 0 ? text : "\(text) \(rest) \(units[first + 1].name)"
    }
}
