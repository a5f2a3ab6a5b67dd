import Cluster
import Loopback
import Postgres
import Testing

extension PostgresTests {
    /// R3: what is not known to be done and kept counts only once it is.
    @Suite("Unknown") struct UnknownTests {
        @Test func anAcknowledgementThatIsLost() throws {
            let keeper = try Keeper()
            let tunnel = try FaultyTunnel(to: keeper.server.port)
            defer { tunnel.stop() }
            let log = keeper.log(port: tunnel.port)
            let tenure = try keeper.take(log, anna)
            tunnel.set(.answersLost)
            let first = entry(1, of: tenure)
            let (step, answers) = keeper.settle(log, first, tenure) { _ in tunnel.set(.none) }
            #expect(step == .kept)
            // It was done, so that the second finds itself; a renewal shows that it stays.
            #expect(answers.count == 4 && answers.prefix(2) == [.unknown, .refused])
            #expect(answers.last == .renewed)
            let (lease, entries) = try keeper.read(log)
            #expect(lease.seq == 1 && entries.map(\.chain) == [first.chain])
        }

        @Test func aQuestionThatIsLost() throws {
            let keeper = try Keeper()
            let tunnel = try FaultyTunnel(to: keeper.server.port)
            defer { tunnel.stop() }
            let log = keeper.log(port: tunnel.port)
            let tenure = try keeper.take(log, anna)
            tunnel.set(.questionsLost)
            let (step, answers) = keeper.settle(log, entry(1, of: tenure), tenure) { _ in
                tunnel.set(.none)
            }
            #expect(step == .kept && answers == [.unknown, .appended])
            #expect(try keeper.read(log).lease.seq == 1)
        }

        /// It was done, and another one leads since: the turn is rolled back, and in the log.
        @Test func anAcknowledgementThatIsLostForGood() throws {
            let keeper = try Keeper()
            let tunnel = try FaultyTunnel(to: keeper.server.port)
            defer { tunnel.stop() }
            let log = keeper.log(port: tunnel.port)
            let tenure = try keeper.take(log, anna)
            tunnel.set(.answersLost)
            let (step, answers) = try keeper.settle(log, entry(1, of: tenure), tenure) { _ in
                tunnel.set(.none)
                _ = try keeper.take(keeper.log(), bert)
            }
            #expect(step == .lost && answers.last == .refused)
            #expect(try keeper.read(log).entries.map(\.term) == [1])
        }

        /// All of its processes stand still, then go on: one entry, and no heap of connections.
        @Test func aServerThatStandsStill() throws {
            let keeper = try Keeper()
            let tenure = try keeper.take(keeper.log(), anna)
            let log = impatient(keeper)
            let before = try connections(keeper)
            keeper.server.freeze(true)
            defer { keeper.server.freeze(false) }
            let first = entry(1, of: tenure)
            var silences = 0
            let (step, answers) = keeper.settle(log, first, tenure) { answer in
                guard silences < 3 else { return }
                if case .silent = log.problem?.kind { silences += 1 }
                #expect(answer == .unknown)
                if silences == 3 { keeper.server.freeze(false) }
            }
            #expect(step == .kept && silences == 3, "\(answers)")
            #expect(try keeper.read(keeper.log()).entries.map(\.chain) == [first.chain])
            #expect(try connections(keeper) <= before)
        }

        /// The answer that comes in the end was heard nobody knows when: it is no sign of life of now.
        @Test func aLateAnswerIsNotTheNextOnes() throws {
            let keeper = try Keeper()
            let log = keeper.log()
            let tenure = try keeper.take(log, anna)
            let hasty = impatient(keeper)
            let beat = try keeper.read(log).lease.beat
            keeper.server.freeze(true)
            let answers = [hasty.perform(.renew(tenure)), hasty.perform(.renew(tenure))]
            keeper.server.freeze(false)
            #expect(answers == [.unknown, .unknown])
            var last = LogAnswer.unknown
            for _ in 0..<50 where last == .unknown { last = hasty.perform(.renew(tenure)) }
            #expect(last == .renewed)
            // The one that was out, and the one that was answered.
            #expect(try keeper.read(log).lease.beat >= beat + 2)
        }

        @Test func aServerThatCrashes() throws {
            let keeper = try Keeper()
            let log = keeper.log()
            let tenure = try keeper.take(log, anna)
            let first = entry(1, of: tenure)
            #expect(log.perform(.append(first, tenure)) == .appended)
            try keeper.server.stopAtOnce()
            let second = entry(2, of: tenure, after: first.chain)
            #expect(log.perform(.append(second, tenure)) == .unknown)
            #expect(log.problem?.isPassing == true)
            #expect(log.perform(.append(second, tenure)) == .unknown)
            guard case .unreachable = log.problem?.kind else {
                try keeper.server.start()
                Issue.record("\(String(describing: log.problem))")
                return
            }
            try keeper.server.start()
            #expect(log.perform(.append(second, tenure)) == .appended)
            let entries = try keeper.read(log).entries
            #expect(entries.map(\.chain) == [first.chain, second.chain] && log.problem == nil)
        }

        /// As when a person ends the wait for a standby: done here, and perhaps nowhere else.
        @Test func aWarningMakesItUnknown() throws {
            let keeper = try Keeper()
            let log = keeper.log()
            let tenure = try keeper.take(log, anna)
            try keeper.server.ask(
                """
                CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS
                $$BEGIN RAISE WARNING 'not everywhere'; RAISE NOTICE 'well'; RETURN NEW; END$$
                """,
                """
                CREATE TRIGGER warns BEFORE INSERT ON carillon.turns FOR EACH ROW
                WHEN (NEW.cluster = '\(keeper.cluster)') EXECUTE FUNCTION warn()
                """)
            let (step, answers) = keeper.settle(log, entry(1, of: tenure), tenure) { answer in
                guard answer == .unknown else { return }
                #expect(log.problem?.kind == .warned("not everywhere"))
            }
            #expect(step == .kept && answers.first == .unknown && answers.count == 4)
            try keeper.server.ask("DROP TRIGGER warns ON carillon.turns", "DROP FUNCTION warn()")
        }

        /// No standby has it, and a person ends the wait: it is in the log for all to read, and doesn't
        /// count until a later write has a standby.
        @Test func aTurnThatNoStandbyHas() throws {
            let keeper = try Keeper()
            let tenure = try keeper.take(keeper.log(), anna)
            let log = impatient(keeper)
            let waiting =
                "FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'carillon'"
            try keeper.server.ask(
                "ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()")
            defer {
                _ = try? keeper.server.ask(
                    "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
            }
            // A renewal or two go through before the server has read its settings.
            var renewals = 0
            while renewals < 500, log.perform(.renew(tenure)) == .renewed { renewals += 1 }
            try keeper.server.ask("SELECT pg_cancel_backend(pid) \(waiting)")
            let first = entry(1, of: tenure)
            var (wasCancelled, reads) = (false, 0)
            let (step, answers) = try keeper.settle(log, first, tenure) { answer in
                if !wasCancelled {
                    // Ended by hand as soon as it waits.
                    let ended = try keeper.server.ask("SELECT pg_cancel_backend(pid) \(waiting)")
                    wasCancelled = ended == "t"
                } else if case .read(_, let entries, _) = answer {
                    #expect(entries.map(\.chain) == [first.chain])
                    reads += 1
                } else if reads > 0, answer == .unknown,
                    try keeper.server.ask("SELECT 1 \(waiting)") == "1"
                {
                    // The renewal waits, too: nothing has counted.
                    try keeper.server.ask(
                        "ALTER SYSTEM RESET synchronous_standby_names",
                        "SELECT pg_reload_conf()")
                }
            }
            #expect(step == .kept && wasCancelled && reads == 1, "\(answers)")
            #expect(answers.last == .renewed && answers.dropLast().last == .unknown)
        }

        /// Settings may change below a connection: each statement says by which it was committed.
        @Test func whatMayBeForgottenIsUnknown() throws {
            let keeper = try Keeper()
            let log = keeper.log()
            let tenure = try keeper.take(log, anna)
            try keeper.server.ask(
                """
                CREATE FUNCTION hurry() RETURNS trigger LANGUAGE plpgsql AS
                $$BEGIN PERFORM set_config('synchronous_commit', 'local', true); RETURN NEW; END$$
                """,
                """
                CREATE TRIGGER hurries BEFORE UPDATE ON carillon.lease FOR EACH ROW
                WHEN (NEW.cluster = '\(keeper.cluster)') EXECUTE FUNCTION hurry()
                """)
            #expect(log.perform(.renew(tenure)) == .unknown)
            #expect(log.problem?.kind == .asynchronous(setting: "local"))
            #expect(log.perform(.append(entry(1, of: tenure), tenure)) == .unknown)
            #expect(log.perform(.append(entry(1, of: tenure), tenure)) == .refused)
            try keeper.server.ask(
                "DROP TRIGGER hurries ON carillon.lease", "DROP FUNCTION hurry()")
            #expect(log.perform(.renew(tenure)) == .renewed)
        }

        /// A connected log that awaits no answer for long.
        private func impatient(_ keeper: Keeper) -> PostgresLog {
            let log = keeper.log(answerMilliseconds: 200)
            var attempts = 0
            while attempts < 50, log.perform(.read(after: 0, limit: 1)) == .unknown {
                attempts += 1
            }
            return log
        }

        private func connections(_ keeper: Keeper) throws -> Int {
            let count = try keeper.server.ask(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'carillon'")
            return try #require(Int(count))
        }
    }
}
