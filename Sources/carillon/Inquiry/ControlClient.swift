import AsyncHTTPClient
import Console
import FoundationEssentials
import Glibc
import NIOCore
import NIOHTTP1
import Store

/// Sends a verb to the daemon over its Unix socket and prints the answer.
struct ControlClient {
    private static let answerBytesMax = 4 * 1024 * 1024
    /// After this long a person at a terminal is told what is waited for.
    private static let silenceSecondsMax: Int64 = 5

    let socketPath: String
    /// Knows which group a person would have to join.
    let host: any HostReading
    /// A reload of thousands of schedules takes its time; the daemon answers well before.
    var timeoutSeconds: Int64 = 60
    /// It is one of several messages of one command: how to ask again is said by the caller, for all.
    var isOneOfSeveral = false

    /// Sends the message, and says so if the daemon lets us wait.
    ///
    /// - Parameters:
    ///   - message: The verb with its words.
    ///   - environment: Where to say it.
    /// - Returns: The daemon's answer, whatever its exit code.
    /// - Throws: `CommandFailure` with 5 if the daemon can't be reached or doesn't answer.
    func send(
        _ message: ControlMessage, _ environment: CommandEnvironment
    ) async throws -> ControlAnswer {
        try await withThrowingTaskGroup(of: ControlAnswer?.self) { tasks in
            tasks.addTask { try await send(message) }
            tasks.addTask {
                await environment.sleep(Self.silenceSecondsMax * 1000)
                if !Task.isCancelled {
                    environment.note("waiting for the daemon at \(socketPath) …")
                }
                return nil
            }
            defer { tasks.cancelAll() }
            while let answer = try await tasks.next() {
                if let answer { return answer }
            }
            throw CommandFailure(.failed)
        }
    }

    /// Sends the message, again after a lost connection if it carries a UUID (then the daemon
    /// knows it for the same one).
    ///
    /// - Throws: `CommandFailure` with 5 if the daemon can't be reached or doesn't answer.
    func send(_ message: ControlMessage) async throws -> ControlAnswer {
        let client = HTTPClient(
            eventLoopGroupProvider: .singleton, configuration: Self.configuration)
        var attempts = message.uuid == nil ? 1 : 3
        // A connection that was lost after it stood: the daemon may have taken the command.
        var mayBeTaken = false
        while true {
            attempts -= 1
            do {
                let answer = try await exchange(message, client)
                try? await client.shutdown()
                return answer
            } catch let failure as CommandFailure {
                try? await client.shutdown()
                throw failure
            } catch let error as HTTPClientError where error == .deadlineExceeded {
                // No second try: a daemon that hangs would only be waited for again.
                try? await client.shutdown()
                throw silent(message)
            } catch {
                if !Self.isRefusal(error) { mayBeTaken = true }
                if attempts > 0 { continue }
                try? await client.shutdown()
                throw unreachable(error, takenAs: mayBeTaken ? message.uuid : nil)
            }
        }
    }

    /// The connection never stood: no socket, nobody behind it, or no right to use it.
    private static func isRefusal(_ error: any Error) -> Bool {
        [ENOENT, ECONNREFUSED, EACCES].contains((error as? IOError)?.errnoCode)
    }

    private static var configuration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.httpVersion = .http1Only
        configuration.timeout.connect = .seconds(5)
        // A missing socket is an answer, not something to wait for.
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }

    private func exchange(
        _ message: ControlMessage, _ client: HTTPClient
    ) async throws -> ControlAnswer {
        var request = HTTPClientRequest(url: "http+unix://\(Self.host(socketPath))/commands")
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(try JSONEncoder().encode(message))
        let response = try await client.execute(
            request, timeout: .seconds(timeoutSeconds))
        let body = try await response.body.collect(upTo: Self.answerBytesMax)
        guard
            let answer = try? JSONDecoder().decode(
                ControlAnswer.self, from: Data(body.readableBytesView))
        else {
            throw CommandFailure(
                .failed, "the daemon's answer can't be read (HTTP \(response.status.code))")
        }
        return answer
    }

    private func silent(_ message: ControlMessage) -> CommandFailure {
        var words = "the daemon has the command and hasn't answered within \(timeoutSeconds) s: it "
        words += "hangs, or is very busy (systemctl status carillon)"
        return CommandFailure(
            .daemonUnreachable, Printable.escaped(words, limit: 400) + advice(message.uuid))
    }

    /// With the UUID of a command that the daemon may have taken before it was lost.
    private func unreachable(
        _ error: any Error, takenAs uuid: String?
    ) -> CommandFailure {
        var words =
            switch (error as? IOError)?.errnoCode {
            case EACCES:
                "you may not use the socket \(socketPath): "
                    + (host.missingGroup(for: socketPath)?.advice
                        ?? "it is for the members of its group")
            case ENOENT, ECONNREFUSED:
                "no daemon listens at \(socketPath): is carillon running? "
                    + "(systemctl status carillon)"
            default:
                "the daemon at \(socketPath) did not answer "
                    + "(\(Printable.escaped("\(error)", limit: 200))): is carillon well? "
                    + "(systemctl status carillon)"
            }
        if uuid != nil {
            words += "; it may have taken the command before it was lost" + advice(uuid)
        }
        var failure = CommandFailure(.daemonUnreachable, words)
        failure.isForbidden = (error as? IOError)?.errnoCode == EACCES
        return failure
    }

    /// How to ask again, after a command that may have been taken; nothing where it carries no UUID.
    func advice(_ uuid: String?) -> String {
        isOneOfSeveral ? "" : Self.advice(uuid)
    }

    /// How to ask again.
    ///
    /// - Parameters:
    ///   - uuid: of the command; nil: it starts nothing.
    ///   - isOfAll: several were sent for the command.
    /// - Returns: a clause to be appended, or nothing.
    static func advice(_ uuid: String?, isOfAll: Bool = false) -> String {
        guard let uuid else { return "" }
        return "; to ask\(isOfAll ? " all" : "") again without starting twice, add --uuid "
            + Printable.escaped(uuid, limit: 300)
    }

    /// The path as the host of an `http+unix` URL.
    private static func host(_ path: String) -> String {
        var host = ""
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."):
                host.append(Character(Unicode.Scalar(byte)))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                host += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return host
    }
}

extension StoreError {
    /// The same with the group to join, where that is what is missing.
    func advised(by host: any HostReading) -> StoreError {
        guard kind == .access, let group = host.missingGroup(for: path) else { return self }
        var error = self
        error.advice = group.advice
        return error
    }
}
