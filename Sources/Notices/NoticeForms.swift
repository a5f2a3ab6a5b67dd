import FoundationEssentials
import JSON
import Store
import Timetable

/// The forms in which receivers take messages.
extension NoticeMessage {
    /// What fits into a pipe, so that a program need not read while it is written to.
    package static let jsonBytesMax = 60_000

    /// The JSON of a webhook and of a command's standard input, of at most `jsonBytesMax` bytes: the
    /// last events are left out and counted where it would be longer.
    package var json: String {
        var shown = events.count
        while true {
            let text = json(of: events.prefix(shown))
            if text.utf8.count <= Self.jsonBytesMax || shown == 0 { return text }
            shown = shown * 3 / 4
        }
    }

    private func json(of shown: ArraySlice<EventRow>) -> String {
        JSONText.object([
            .init("id", .string(id)), .init("source", "carillon"), .init("target", .string(target)),
            .init("created_at", .string(createdAt.iso8601)), .init("title", .string(title)),
            .init("count", .integer(Int64(count))),
            .init(
                "counts",
                .object(
                    counts.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                        .init($0.key.rawValue, .integer(Int64($0.value)))
                    })),
            .init("omitted", .integer(Int64(omitted + events.count - shown.count))),
            .init("events", .array(shown.map(Self.json))),
        ]).text + "\n"
    }

    private static func json(_ event: EventRow) -> JSONText {
        .object([
            .init("event_id", .integer(event.eventID)), .init("at", .string(event.at.iso8601)),
            .init("kind", .string(event.kind.rawValue)),
            .init("family", .string(event.kind.family.rawValue)),
            .init("subject", .string(bounded(event.subject, 300))),
            .init("text", .string(bounded(event.words, 1000))),
            .init("schedule", .optional(event.schedule)),
            .init("connection", .optional(event.connection)),
            .init("slot_id", event.slotID.map { .integer($0) } ?? .null),
            .init("run_id", .optional(event.runID)),
        ])
    }

    /// A Slack incoming webhook's.
    package var slack: String {
        let text =
            (["*\(Self.slackText(title))*"] + lines.prefix(20).map { "• " + Self.slackText($0) })
            .joined(separator: "\n")
        return JSONText.object([.init("text", .string(text))]).text
    }

    /// Slack takes these three for its own marks.
    private static func slackText(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }

    /// The adaptive card of a Teams workflow ("when a webhook request is received").
    package var teams: String {
        func block(_ text: String, isTitle: Bool) -> JSONText {
            var members: [JSONText.Member] = [
                .init("type", "TextBlock"), .init("text", .string(Self.cardText(text))),
                .init("wrap", .boolean(true)),
            ]
            if isTitle { members += [.init("weight", "Bolder"), .init("size", "Medium")] }
            return .object(members)
        }
        let card = JSONText.object([
            .init("$schema", "http://adaptivecards.io/schemas/adaptive-card.json"),
            .init("type", "AdaptiveCard"), .init("version", "1.4"),
            .init(
                "body",
                .array(
                    [block(title, isTitle: true)]
                        + lines.prefix(20).map { block($0, isTitle: false) })),
        ])
        return JSONText.object([
            .init("type", "message"),
            .init(
                "attachments",
                .array([
                    .object([
                        .init("contentType", "application/vnd.microsoft.card.adaptive"),
                        .init("contentUrl", .null), .init("content", card),
                    ])
                ])),
        ]).text
    }

    /// A text block of a card reads marks of Markdown; names of processes are full of them.
    private static func cardText(_ text: String) -> String {
        var safe = ""
        for character in text {
            if "\\`*_{}[]()#+!|~>".contains(character) { safe += "\\" }
            safe.append(character)
        }
        return safe
    }

    /// A mail with its headers, as `sendmail -t` reads it.
    ///
    /// - Parameters:
    ///   - from: the sender's address.
    ///   - to: the receivers' addresses.
    /// - Returns: the text, lines ended as programs on this machine want them.
    package func mail(from: String, to: [String]) -> String {
        let domain = from.split(separator: "@").last.map(String.init) ?? "localhost"
        let headers = [
            "From: Carillon <\(from)>", "To: \(to.joined(separator: ",\n "))",
            "Subject: \(Self.encodedWords("[Carillon] \(title)"))",
            "Date: \(Self.mailDate(createdAt))", "Message-ID: <\(id).carillon@\(domain)>",
            "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: base64", "Auto-Submitted: auto-generated",
            "X-Carillon-Delivery: \(id)",
        ]
        let body =
            (lines + [
                "", "-- ",
                "Message \(id) to \(target); carillon attention lists what needs a person.",
            ]).joined(separator: "\r\n") + "\r\n"
        let encoded = Data(body.utf8).base64EncodedString()
        return headers.joined(separator: "\n") + "\n\n" + Self.folded(encoded, 76) + "\n"
    }

    private static func folded(_ text: String, _ width: Int) -> String {
        var rest = Substring(text)
        var lines: [Substring] = []
        while !rest.isEmpty {
            lines.append(rest.prefix(width))
            rest = rest.dropFirst(width)
        }
        return lines.joined(separator: "\n")
    }

    /// RFC 2047, in words of whole characters and at most 75 bytes.
    private static func encodedWords(_ text: String) -> String {
        guard !text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) || text.utf8.count > 70 else {
            return text
        }
        var words: [String] = []
        var word = ""
        for character in text {
            if (word + String(character)).utf8.count > 42 {
                words.append(word)
                word = ""
            }
            word.append(character)
        }
        words.append(word)
        return words.map { "=?utf-8?B?\(Data($0.utf8).base64EncodedString())?=" }
            .joined(separator: "\n ")
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// As RFC 5322 has it, in UTC.
    private static func mailDate(_ instant: Instant) -> String {
        let local = LocalDateTime(localSeconds: instant.seconds)
        return "\(local.date.day) \(months[local.date.month - 1]) \(local.date.year) "
            + LocalDateTime(localSeconds: instant.seconds).iso8601.dropFirst(11) + " +0000"
    }
}
