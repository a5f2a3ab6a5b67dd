// The receiving end of these tests is a real datagram socket, so pointers to addresses are unavoidable;
// each `unsafe` is a system call that borrows them for its own duration.
import Foundation
import Glibc
import Testing

import carillon

@Suite("systemd notification")
struct NotifyTests {
    @Test("Without a usable NOTIFY_SOCKET there is no notifier")
    func absent() {
        #expect(SystemdNotifier(environment: [:], processID: 1) == nil)
        for socket in ["", "/", "@", "relative", String(repeating: "/x", count: 60)] {
            #expect(SystemdNotifier(environment: ["NOTIFY_SOCKET": socket], processID: 1) == nil)
        }
    }

    @Test(
        "The watchdog interval is taken only from a positive number meant for this process",
        arguments: [
            ("60000000", nil, 60),
            ("60000000", "77", 60),
            ("60000000", "78", nil),
            ("60000000", "x", nil),
            ("0", nil, nil),
            ("-5", nil, nil),
            ("99999999999999999999", nil, nil),
            (nil, "77", nil),
        ] as [(String?, String?, Int?)])
    func watchdogInterval(microseconds: String?, owner: String?, seconds: Int?) throws {
        var environment = ["NOTIFY_SOCKET": "/run/systemd/notify"]
        environment["WATCHDOG_USEC"] = microseconds
        environment["WATCHDOG_PID"] = owner
        let notifier = try #require(SystemdNotifier(environment: environment, processID: 77))
        #expect(notifier.watchdogInterval == seconds.map { .seconds($0) })
    }

    @Test("A value cannot smuggle in a second assignment, nor grow past the limit")
    func messageIsOneLineEach() {
        let message = SystemdNotifier.message([("STATUS", "a\r\nMAINPID=1\u{7}"), ("READY", "1")])
        #expect(String(decoding: message, as: UTF8.self) == "STATUS=a  MAINPID=1 \nREADY=1\n")
        let long = SystemdNotifier.message([("STATUS", String(repeating: "x", count: 9000))])
        #expect(long.count == "STATUS=\n".utf8.count + 1024)
    }

    @Test(
        "Every call arrives as one datagram, on a path and on an abstract name",
        arguments: [true, false])
    func datagrams(abstract: Bool) throws {
        let name = "/tmp/carillon-notify-\(getpid())-\(abstract)"
        let receiver = try Receiver(abstract: abstract, name: name)
        let notifier = try #require(
            SystemdNotifier(
                environment: ["NOTIFY_SOCKET": abstract ? "@" + name : name], processID: 1))

        notifier.ready(status: "12 schedules")
        #expect(receiver.next() == "READY=1\nSTATUS=12 schedules\n")
        notifier.status("next slot at 06:00")
        #expect(receiver.next() == "STATUS=next slot at 06:00\n")
        notifier.watchdog()
        #expect(receiver.next() == "WATCHDOG=1\n")
        notifier.reloading(monotonicMicroseconds: 123)
        #expect(receiver.next() == "RELOADING=1\nMONOTONIC_USEC=123\n")
        notifier.extendTimeout(microseconds: 40_000_000)
        #expect(receiver.next() == "EXTEND_TIMEOUT_USEC=40000000\n")
        notifier.stopping()
        #expect(receiver.next() == "STOPPING=1\n")
    }

    @Test("A socket that is gone, or full, costs nothing")
    func nobodyListens() throws {
        let gone = try #require(
            SystemdNotifier(environment: ["NOTIFY_SOCKET": "/nonexistent/notify"], processID: 1))
        gone.ready(status: "")

        let name = "/tmp/carillon-notify-\(getpid())-full"
        let receiver = try Receiver(abstract: true, name: name)
        let notifier = try #require(
            SystemdNotifier(environment: ["NOTIFY_SOCKET": "@" + name], processID: 1))
        for _ in 0..<2_000 { notifier.watchdog() }  // far beyond any queue: would block for ever
        #expect(receiver.next() == "WATCHDOG=1\n")
    }
}

/// A datagram socket that plays systemd.
private final class Receiver {
    private let descriptor: Int32
    private let path: String?

    init(abstract: Bool, name: String) throws {
        path = abstract ? nil : name
        if !abstract { unsafe unlink(name) }
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        let bytes = abstract ? [0] + Array(name.utf8) : Array(name.utf8)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let bound = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(2 + bytes.count))
            }
        }
        try #require(bound == 0)
    }

    deinit {
        close(descriptor)
        if let path { unsafe unlink(path) }
    }

    /// The next datagram; never waits, since a local datagram has arrived when sendto returns.
    func next() -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        return count < 0 ? nil : String(decoding: buffer.prefix(count), as: UTF8.self)
    }
}
