import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// What is missing for two minutes, at boot and in flight, ends nothing for good: it is told within a
/// minute, healed within thirty seconds of its return, and costs no slot.
///
/// Real folders, disks, files and ports: `EndToEndTests/WaitingTests`, `EndToEndTests/FullDiskTests` and
/// `scripts/service-test-absences`.
@Suite struct MissingTests {
    /// What goes away and comes back.
    struct Thing: Sendable, CustomTestStringConvertible {
        let name: String
        let sign: Sign
        let take: @Sendable (Fixture) throws -> Void
        let giveBack: @Sendable (Fixture) throws -> Void
        /// A start's intent is in the file though its turn failed: it is settled as any lost one.
        var leavesDoubt = false
        var testDescription: String { name }

        /// Where a person sees that it is missing.
        enum Sign {
            /// A row in `attention`.
            case alarm(AlarmKind)
            /// Where no row can be written: `status`, `/healthz`, systemd's status, the log.
            case storeTrouble
        }

        /// All calls fail in that way.
        static func api(_ name: String, _ fault: Fault, afterMilliseconds: Int64 = 0) -> Thing {
            var fault = fault
            fault.delayMilliseconds = afterMilliseconds
            let failing = fault
            return Thing(
                name: name, sign: .alarm(.unreachable),
                take: { $0.simulator.sandbox.inject(FaultRule(failing)) },
                giveBack: { $0.simulator.sandbox.removeFaults() })
        }

        /// The connection has no way out of the machine without it.
        static func file(_ name: String, _ why: String) -> Thing {
            @Sendable func trouble(_ words: String?) -> Input {
                .trouble(Trouble(kind: .waits, subject: "connection prod", whatToDo: words))
            }
            return Thing(
                name: name, sign: .alarm(.waits),
                take: {
                    $0.simulator.missingFiles["prod"] = why
                    $0.simulator.post(trouble(why))
                },
                giveBack: {
                    $0.simulator.missingFiles = [:]
                    $0.simulator.post(trouble(nil), afterMilliseconds: 2_000)
                    $0.simulator.post(
                        .credentialChanged(connection: "prod"), afterMilliseconds: 2_000)
                })
        }

        /// Writes fail at the end of their transaction.
        static func disk(
            _ name: String, _ kind: StoreError.Kind, isWritten: Bool = false
        ) -> Thing {
            Thing(
                name: name, sign: .storeTrouble,
                take: {
                    $0.simulator.diskTrouble = Simulator.DiskTrouble(
                        kind, name, isWritten: isWritten)
                },
                giveBack: { $0.simulator.diskTrouble = nil }, leavesDoubt: isWritten)
        }
    }

    static let things = [
        Thing.api("an API that nobody listens for", .unreachable(isCertificate: false)),
        Thing.api(
            "a network that answers nobody", .unreachable(isCertificate: false),
            afterMilliseconds: 10_000),
        Thing.api("a network that loses all", .lostBefore),
        Thing.api("the authority of the API's certificate", .unreachable(isCertificate: true)),
        Thing.api("an API behind a gateway", .gateway(503, .html, acts: false)),
        Thing.file("the secret's file", "the secret can't be read"),
        Thing.file("the authorities' file", "the authorities can't be read"),
        Thing.disk("room on the disk", .full),
        Thing.disk("a disk that takes writes", .ioError),
        Thing.disk("a disk that says so when it takes writes", .ioError, isWritten: true),
        Thing.disk("a file that isn't locked", .busy),
        Thing(
            name: "the folder", sign: .storeTrouble,
            take: { try $0.folder.move(isAway: true) },
            giveBack: { try $0.folder.move(isAway: false) }),
        Thing(
            name: "the port", sign: .alarm(.door),
            take: { $0.simulator.post(door("address already in use")) },
            giveBack: { $0.simulator.post(door(nil), afterMilliseconds: 5_000) }),
        Thing(
            name: "the secret", sign: .alarm(.credential),
            take: {
                $0.simulator.secrets["prod"] = "gone"
                $0.simulator.sandbox.revokeTokens()
            },
            giveBack: {
                $0.simulator.secrets["prod"] = nil
                $0.simulator.post(.credentialChanged(connection: "prod"))
            }),
        Thing(
            name: "the zone", sign: .alarm(.waits),
            take: {
                var without = Fixture.configuration([], hash: "2")
                without.waiting["s"] = "unknown time zone"
                $0.simulator.reload(without)
            },
            giveBack: { $0.simulator.reload(Fixture.configuration([schedule], hash: "3")) }),
    ]

    private static func door(_ words: String?) -> Input {
        .trouble(Trouble(kind: .door, subject: "dashboard 127.0.0.1:8470", whatToDo: words))
    }

    private static let schedule = Fixture.schedule(every: 1) {
        $0.overlap = .allow
        // Of several slots that one turn finds only the newest is on time (rule 8).
        $0.missed = .all
    }

    @Test(arguments: things, ["at boot", "in flight"])
    func nothingIsLostOrTwiceOrForGood(thing: Thing, when: String) throws {
        let fixture = try Fixture([Self.schedule], runMinutes: 1...1)
        let simulator = fixture.simulator
        try simulator.boot()
        if when == "at boot" {
            try fixture.run(untilMinute: 9, second: 30)
            simulator.kill()
            fixture.rest(untilMinute: 10)
            try thing.take(fixture)
            try simulator.boot()
        } else {
            // No start is out then, which would have to be settled first.
            try fixture.run(untilMinute: 10, second: 5)
            try thing.take(fixture)
        }
        try fixture.run(untilMinute: 11, second: 5)
        #expect(try isTold(thing, fixture))
        try fixture.run(untilMinute: 12)
        #expect(try isTold(thing, fixture))
        try thing.giveBack(fixture)
        try fixture.run(untilMinute: 12, second: 30)
        #expect(try !isTold(thing, fixture))
        // Looks at 15 s and more from each other, for two minutes, settle what is in doubt.
        if thing.leavesDoubt { try fixture.run(untilMinute: 15) }
        #expect(
            try fixture.ask(
                "SELECT count(*) > 0 FROM slots WHERE ended_at > 1795497120000") == ["1"])
        try fixture.run(untilMinute: 20, second: 30)
        let told = try fixture.told()
        #expect(told == (1...20).map { "\($0) started" }.joined(separator: ", "))
        #expect(simulator.sandbox.runs.count == 20)
        #expect(try fixture.ask("SELECT kind, subject FROM attention") == [])
        try fixture.check()
    }

    /// While its zone was missing at boot this life had no rule of it; it comes back with another one.
    @Test(arguments: ["every 2", "gone"])
    func aScheduleThatIsBackWithAnotherRuleHasRowsForTheOldOne(edit: String) throws {
        let fixture = try Fixture([Self.schedule], runMinutes: 1...1)
        let simulator = fixture.simulator
        try simulator.boot()
        try fixture.run(untilMinute: 9, second: 30)
        simulator.kill()
        var without = Fixture.configuration([], hash: "2")
        without.waiting["s"] = "unknown time zone"
        simulator.reload(without)
        try simulator.boot()
        try fixture.run(untilMinute: 14, second: 30)
        let other = Fixture.schedule(every: 2) { ($0.overlap, $0.missed) = (.allow, .all) }
        simulator.reload(Fixture.configuration(edit == "gone" ? [] : [other], hash: "3"))
        try fixture.run(untilMinute: 18, second: 30)
        let slots = try fixture.slots()
        let missed = slots.filter { $0.disposition == .missed }
        #expect(missed.map { ($0.slotAt.seconds - 1_795_496_400) / 60 } == Array(10...14))
        #expect(
            missed.allSatisfy {
                $0.reason == "the configuration was changed while its schedule could not run"
            })
        #expect(slots.count { $0.disposition == .started } == (edit == "gone" ? 9 : 11))
        try fixture.check()
    }

    private func isTold(_ thing: Thing, _ fixture: Fixture) throws -> Bool {
        switch thing.sign {
        case .alarm(let kind): try fixture.alarms(kind).count == 1
        case .storeTrouble: fixture.simulator.storeTrouble != nil
        }
    }
}
