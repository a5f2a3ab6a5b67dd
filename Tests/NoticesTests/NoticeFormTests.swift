import Engine
import Foundation
import Notices
import Store
import Testing
import Timetable

/// The forms in which receivers get messages: byte for byte what they are documented to take.
@Suite struct NoticeFormTests {
    private static let at = Instant(seconds: 1_795_496_430)

    private static func event(
        _ id: Int64, _ kind: EventKind, _ subject: String, _ words: String = "why"
    ) -> EventRow {
        EventRow(eventID: id, at: at, kind: kind, subject: subject, words: words, schedule: "gl")
    }

    private static func message(_ events: [EventRow], more: Int = 0) -> NoticeMessage {
        var counts = Dictionary(events.map { ($0.kind, 1) }, uniquingKeysWith: +)
        if let first = events.first { counts[first.kind, default: 0] += more }
        return NoticeMessage(
            id: "9-1", target: "ops", createdAt: at, events: events, counts: counts)
    }

    private static func object(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test func theJSONSaysEachEvent() throws {
        let hostile = "a \"quote\"\nand \u{1B}[2J"
        let found = try Self.object(
            Self.message([Self.event(7, .slotFailed, "gl@2026", hostile)]).json)
        #expect(found["id"] as? String == "9-1")
        #expect(found["title"] as? String == "gl@2026 was refused and did not start")
        #expect(found["count"] as? Int == 1)
        let events = try #require(found["events"] as? [[String: Any]])
        #expect(events.first?["kind"] as? String == "slot_failed")
        #expect(events.first?["family"] as? String == "failed")
        #expect(events.first?["text"] as? String == "a \"quote\" and  [2J")
    }

    @Test func aStormIsOneMessageThatCounts() throws {
        let events = (1...50).map { Self.event($0, .slotExpired, "s\($0)@2026") }
        let message = Self.message(events, more: 250)
        #expect(message.count == 300)
        #expect(message.title == "300 × came too late and did not start")
        #expect(
            message.lines == [
                "300 × came too late and did not start: s1@2026, s2@2026, s3@2026, s4@2026, s5@2026 "
                    + "and 295 more; the first: why"
            ])
        #expect(try Self.object(message.json)["omitted"] as? Int == 250)
        #expect(message.teams.utf8.count < 20_000 && message.slack.utf8.count < 20_000)
    }

    /// A program gets it through a pipe, which takes so much and no more.
    @Test func aLongMessageLeavesEventsOutAndStaysJSON() throws {
        let words = String(repeating: "ж", count: 1_000)
        let events = (1...50).map { Self.event($0, .slotExpired, "s\($0)@2026", words) }
        let text = Self.message(events, more: 10).json
        #expect(text.utf8.count <= NoticeMessage.jsonBytesMax)
        let found = try Self.object(text)
        let shown = try #require(found["events"] as? [Any]).count
        #expect((10...40).contains(shown))
        #expect(found["omitted"] as? Int == 60 - shown)
    }

    @Test func theWorstComesFirstAndEndsLast() {
        let message = Self.message([
            Self.event(1, .recovered, "a"), Self.event(2, .slotExpired, "b"),
            Self.event(3, .runInError, "c"),
        ])
        #expect(message.lines.map { $0.split(separator: " ")[1] } == ["c", "b", "a"])
    }

    @Test func slackGetsATextWithoutMarksOfItsOwn() throws {
        let found = try Self.object(
            Self.message([Self.event(1, .slotHeld, "<!channel> & co")]).slack)
        let text = try #require(found["text"] as? String)
        #expect(text.hasPrefix("*&lt;!channel&gt; &amp; co is held until a person decides*\n• "))
    }

    @Test func teamsGetsAnAdaptiveCard() throws {
        let found = try Self.object(
            Self.message([Self.event(1, .slotHeld, "gl_refresh@x")]).teams)
        #expect(found["type"] as? String == "message")
        let attachment = try #require((found["attachments"] as? [[String: Any]])?.first)
        #expect(
            attachment["contentType"] as? String == "application/vnd.microsoft.card.adaptive")
        let card = try #require(attachment["content"] as? [String: Any])
        #expect(card["type"] as? String == "AdaptiveCard")
        let blocks = try #require(card["body"] as? [[String: Any]])
        #expect(blocks.count == 2)
        #expect(
            blocks[0]["text"] as? String == "gl\\_refresh@x is held until a person decides")
    }

    @Test func aMailHasOneLineForEachHeaderWhateverTheSubjectHolds() throws {
        let text = Self.message([Self.event(1, .slotHeld, "Abschluß\r\nBcc: x@example.com")])
            .mail(from: "carillon@example.com", to: ["a@example.com", "b@example.com"])
        let parts = text.components(separatedBy: "\n\n")
        let headers = parts[0].components(separatedBy: "\n")
        #expect(headers[0] == "From: Carillon <carillon@example.com>")
        #expect(headers[1] == "To: a@example.com,")
        #expect(!headers.contains { $0.hasPrefix("Bcc") })
        #expect(headers.contains("Date: 24 Nov 2026 05:00:30 +0000"))
        #expect(headers.contains("Message-ID: <9-1.carillon@example.com>"))
        let body = try #require(
            Data(base64Encoded: parts[1].replacingOccurrences(of: "\n", with: "")))
        #expect(
            String(decoding: body, as: UTF8.self)
                .hasPrefix("2026-11-24T05:00:30Z Abschluß  Bcc: x@example.com is held"))
        #expect(text.split(separator: "\n").allSatisfy { $0.utf8.count <= 998 })
    }

    /// The example of https://www.standardwebhooks.com's own libraries.
    @Test func theSignatureIsThatOfStandardWebhooks() {
        let headers = WebhookSignature.headers(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek", body: Array("{\"test\": 2432232314}".utf8),
            key: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", now: Instant(seconds: 1_614_265_330))
        #expect(
            headers.map(\.value) == [
                "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
                "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ])
        #expect(WebhookSignature.headers(id: "x", body: [], key: nil, now: Self.at).count == 2)
    }
}
