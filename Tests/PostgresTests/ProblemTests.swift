import Cluster
import Loopback
import Postgres
import Testing

extension PostgresTests {
    /// What is wrong with a server is told in one sentence, in which no password ever is.
    @Suite("Problems") struct ProblemTests {
        @Test func logins() throws {
            let keeper = try Keeper()
            let right = keeper.log(as: "guarded", more: "password=right")
            #expect(right.perform(.read(after: 0, limit: 1)) == .unknown)
            guard case .unfit(.noRights) = right.problem?.kind else {
                throw Surprise(.unknown, right)
            }
            for more in ["password=hunter2", ""] {
                let log = keeper.log(as: "guarded", more: more)
                #expect(log.perform(.read(after: 0, limit: 1)) == .unknown)
                guard case .denied = log.problem?.kind else { throw Surprise(.unknown, log) }
                #expect(log.problem?.isPassing == false)
                #expect(log.problem?.description.contains("hunter2") == false)
            }
        }

        @Test func nobodyIsThere() throws {
            let keeper = try Keeper()
            let port = try ReservedPort()
            defer { port.release() }
            let log = keeper.log(port: port.number, more: "password=hunter2")
            #expect(log.perform(.read(after: 0, limit: 1)) == .unknown)
            guard case .unreachable = log.problem?.kind else { throw Surprise(.unknown, log) }
            let words = try #require(log.problem?.description)
            #expect(words.hasPrefix("cannot reach PostgreSQL at 127.0.0.1:\(port.number): "))
            #expect(!words.contains("hunter2") && !words.contains("\n"))
            #expect(log.problem?.isPassing == true)
        }

        @Test(arguments: [
            "host=a password=my hunter2", "password='hunter2", "postgresql://u:hunter2@[::1",
            "hunter2", "colour=hunter2",
        ])
        func aStringThatCannotBeReadIsNotShown(string: String) {
            let log = PostgresLog(string, cluster: "c", answerMilliseconds: 100, clock: clock)
            #expect(log.perform(.read(after: 0, limit: 1)) == .unknown)
            #expect(log.problem?.kind == .malformed)
            #expect(log.problem?.description.contains("hunter2") == false)
        }

        @Test func rights() throws {
            let keeper = try Keeper()
            let log = keeper.log(as: "bare")
            #expect(
                kind { _ = try log.check(epoch: nil) }
                    == .unfit(
                        .noRights(
                            "DELETE on carillon.turns, INSERT on carillon.nodes, INSERT on "
                                + "carillon.turns, SELECT on carillon.lease, SELECT on "
                                + "carillon.nodes, SELECT on carillon.turns, UPDATE on "
                                + "carillon.lease, UPDATE on carillon.nodes, USAGE on schema carillon"
                        )))
            try keeper.server.ask(
                "GRANT USAGE ON SCHEMA carillon TO bare",
                "GRANT SELECT, UPDATE ON carillon.lease TO bare",
                "GRANT SELECT, INSERT, UPDATE ON carillon.nodes TO bare",
                "GRANT SELECT, DELETE ON carillon.turns TO bare")
            #expect(
                kind { _ = try log.check(epoch: nil) }
                    == .unfit(.noRights("INSERT on carillon.turns")))
            let tenure = try keeper.take(log, anna)
            #expect(log.perform(.append(entry(1, of: tenure), tenure)) == .unknown)
            guard case .unfit(.noRights) = log.problem?.kind else {
                throw Surprise(.unknown, log)
            }
            try keeper.server.ask("GRANT INSERT ON carillon.turns TO bare")
            #expect(try log.check(epoch: keeper.epoch).term == 1)
            #expect(log.perform(.append(entry(1, of: tenure), tenure)) == .appended)
        }

        @Test func anotherLogOrNone() throws {
            let keeper = try Keeper()
            let log = keeper.log()
            #expect(
                kind { _ = try log.check(epoch: "own") }
                    == .unfit(.otherEpoch(own: "own", log: keeper.epoch)))
            let stranger = PostgresLog(
                "host=127.0.0.1 port=\(keeper.server.port) user=carillon dbname=postgres",
                cluster: "nobody", answerMilliseconds: 10_000, clock: clock)
            #expect(
                kind { _ = try stranger.check(epoch: nil) } == .unfit(.noCluster("nobody")))
            let empty = PostgresLog(
                "host=127.0.0.1 port=\(keeper.server.port) user=carillon dbname=empty",
                cluster: "c", answerMilliseconds: 10_000, clock: clock)
            #expect(kind { _ = try empty.check(epoch: nil) } == .unfit(.noTables))
            #expect(empty.perform(.read(after: 0, limit: 1)) == .unknown)
            #expect(empty.problem?.kind == .unfit(.noTables))
            // Whoever may not make tables is told so.
            guard case .unfit(.noRights) = kind({ try empty.found(epoch: "e") }) else {
                Issue.record("\(String(describing: empty.problem))")
                return
            }
        }

        @Test func aServerThatForgetsOrOnlyReads() throws {
            let keeper = try Keeper()
            let hasty = keeper.log(as: "hasty")
            #expect(hasty.perform(.read(after: 0, limit: 1)) == .unknown)
            #expect(hasty.problem?.kind == .asynchronous(setting: "off"))
            let reader = keeper.log(as: "reader", more: "target_session_attrs=any")
            #expect(reader.perform(.read(after: 0, limit: 1)) == .unknown)
            #expect(reader.problem?.kind == .readOnly)
            // Without that word of its own, libpq goes on to the next server.
            let seeking = keeper.log(as: "reader")
            #expect(seeking.perform(.read(after: 0, limit: 1)) == .unknown)
            guard case .unreachable = seeking.problem?.kind else {
                throw Surprise(.unknown, seeking)
            }
        }

        @Test(arguments: [("9.6.24", "9.6"), ("12.22", "12")])
        func aServerOfOldTimes(version: String, name: String) throws {
            let server = try LoopbackListener { socket in
                _ = socket.read()
                let status = Array("server_version\0\(version)\0".utf8)
                // AuthenticationOk, ParameterStatus, ReadyForQuery.
                let answer: [UInt8] =
                    [82, 0, 0, 0, 8, 0, 0, 0, 0] + [83, 0, 0, 0, UInt8(status.count + 4)] + status
                    + [90, 0, 0, 0, 5, 73]
                _ = socket.write(answer)
                _ = socket.read()
            }
            defer { server.stop() }
            let log = PostgresLog(
                "host=127.0.0.1 port=\(server.port) user=u target_session_attrs=any sslmode=disable "
                    + "gssencmode=disable", cluster: "c", answerMilliseconds: 1_000, clock: clock)
            #expect(log.perform(.read(after: 0, limit: 1)) == .unknown)
            #expect(log.problem?.kind == .tooOld(version: name))
        }

        /// A program that listens there, and is no PostgreSQL.
        @Test func aServerOfSomethingElse() throws {
            let server = try LoopbackListener { socket in
                _ = socket.read()
                _ = socket.write("HTTP/1.1 400 Bad Request\r\n\r\n")
            }
            defer { server.stop() }
            let log = PostgresLog(
                "host=127.0.0.1 port=\(server.port) user=u", cluster: "c",
                answerMilliseconds: 1_000, clock: clock)
            #expect(log.perform(.read(after: 0, limit: 1)) == .unknown)
            guard case .unreachable = log.problem?.kind else { throw Surprise(.unknown, log) }
        }
    }
}
