import ConfigFixtures
import Testing

/// `carillon why`: one sentence for every slot that ever was due, and for instants that were none.
@Suite struct WhyTests {
    static let sentences: [(schedule: String, time: String, said: String, isSlot: Bool)] = [
        // Every disposition.
        ("gl", "2026-06-01T06:00", "started run run-1 with its attempt number 2 (on time)", true),
        ("gl", "2026-06-02T06:00", "was skipped: holiday: Founders' Day.", true),
        ("gl", "2026-06-03T06:00", "was coalesced: the later slot stands for it.", true),
        ("gl", "2026-06-04T06:00", "was missed: the daemon was down at 2026-06-04T06:45", true),
        ("gl", "2026-06-05T06:00", "+00:00 expired: too late although the daemon was up", true),
        ("gl", "2026-06-06T06:00", "+00:00 failed: the API refused the start: 403.", true),
        ("gl", "2026-06-07T06:00", "was cancelled: its process or connection was changed.", true),
        ("gl", "2026-06-08T06:00", "carillon resolve 8 --run RUN | --start | --drop.", true),
        ("gl", "2026-06-09T06:00", "may have started a run, which is being looked for", true),
        ("gl", "2026-06-10T06:00", "is being started: attempt 1 is out.", true),
        ("gl", "2026-06-11T06:00", "is still waiting: waiting for the rate budget.", true),
        ("gl", "2026-06-12T06:00", "was skipped: observe mode: it would have been started.", true),
        // Every kind; nobody types milliseconds.
        ("gl", "2026-06-12T08:30:12Z", "The manual slot of gl at 2026-06-12T08:30:12", true),
        ("gl", "2026-06-12T09:00", "The boot slot of gl", true),
        ("chain", "2026-06-12T07:00:05", "The after slot of chain", true),
        ("gone", "2026-04-01T06:00", "The slot of gone at 2026-04-01T06:00:00+00:00 started", true),
        ("ledger-load", "2026-06-02T06:00", "ledger-load is called gl since 2026-03-01", true),
        // Instants that were none.
        (
            "gl", "2026-06-01T05:00",
            "is not a slot of gl: its rule then was 0 6 * * * (UTC); the nearest slots are "
                + "2026-06-01T06:00:00+00:00 and 2026-06-02", false
        ),
        (
            "gl", "2026-02-01T06:00",
            "2026-02-01T06:00:00+01:00 is not a slot of gl: its rule then was 0 5 * * * "
                + "(Europe/Berlin)", false
        ),
        ("gl", "2025-06-01T06:00", "the schedule was not known then", false),
        (
            "gone", "2026-06-01T06:00",
            "is not a slot of gone: it was removed then, since 2026-05-01T00:00:00Z", false
        ),
        ("off", "2026-06-01T06:00", "it was disabled then, since 2026-05-01", false),
        ("off", "2026-08-01T06:00", "it is disabled since 2026-05-01", false),
        (
            "chain", "2026-06-01T06:00",
            "is not a slot of chain: its rule then was after gl (UTC); the nearest slot is", false
        ),
        // A slot by its rule without a row: pruned, or not come to yet.
        ("gl", "2026-05-01T06:00", "its row is no longer in the ledger", false),
        ("gl", "2026-06-13T06:00", "its row is missing, which should never happen", false),
        (
            "gl", "2026-06-16T06:00",
            "but has no row yet: the daemon is not running, its last turn was at "
                + "2026-06-15T12:00:00Z", false
        ),
        ("bound", "2026-07-02T06:00", "outside its active time (active_until 2026-06-30", false),
        // What is to come.
        ("gl", "2026-07-02T06:00", "is a slot of gl that is still to come", false),
        (
            "gl", "2026-07-02T07:00",
            "is not a slot of gl: its rule is 0 6 * * * (UTC); the next slots are "
                + "2026-06-18T06:00:00+00:00 and 2026-06-19", false
        ),
        ("chain", "2026-07-02T06:00", "is still to come, and no slot that is known yet", false),
        (
            "lg", "2026-07-02T06:00", "no schedule \"lg\" was ever known; did you mean \"gl\"?",
            false
        ),
    ]

    @Test func everyInstantHasItsSentence() async throws {
        let past = try WhyPast()
        let host = MemoryHost([:])
        for (schedule, time, said, isSlot) in Self.sentences {
            let run = await carillon(
                arguments: ["why", schedule, time, "--database", past.path], host: host,
                now: "2026-06-17T12:00:00Z")
            let text = run.output + run.errors
            #expect(text.contains(said), "\(schedule) \(time) said: \(text)")
            #expect(run.status == (isSlot ? 0 : 3), "\(schedule) \(time)")
            // One sentence, not two.
            #expect(run.output.isEmpty != isSlot)
        }
    }

    @Test func jsonGivesTheSameAnswers() async throws {
        let past = try WhyPast()
        let slot = await carillon(
            "why", "gl", "2026-06-02T06:00Z", "--json", "--database", past.path)
        #expect(slot.output.contains("\"disposition\": \"skipped\""))
        let none = await carillon(
            "why", "gl", "2025-06-02T06:00Z", "--json", "--database", past.path)
        #expect(none.status == 3)
        #expect(none.output.contains("\"why\": \"2025-06-02T06:00:00Z is not a slot of gl"))
    }
}
