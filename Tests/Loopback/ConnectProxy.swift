import Glibc
import Synchronization

/// An HTTP proxy that wants a login before it opens a tunnel to a port of this machine.
package final class ConnectProxy: Sendable {
    private let listener: LoopbackListener
    private let seen: Seen

    private final class Seen: Sendable {
        let requests = Mutex<[String]>([])
    }

    /// Where it listens.
    package var port: Int { listener.port }
    /// The first line of each request, and its answer's status.
    package var requests: [String] { seen.requests.withLock { $0 } }

    /// Starts it.
    ///
    /// - Parameters:
    ///   - authorization: the header that opens a tunnel, such as `Basic …`.
    ///   - port: where every tunnel leads.
    /// - Throws: where no port is free.
    package init(authorization: String, to port: Int) throws {
        let seen = Seen()
        self.seen = seen
        listener = try LoopbackListener { socket in
            guard let request = socket.readRequest() else { return }
            let line = String(request.text.prefix { $0 != "\r" && $0 != "\r\n" })
            guard request.header("proxy-authorization") == authorization else {
                seen.requests.withLock { $0.append("\(line): 407") }
                _ = socket.write(
                    "HTTP/1.1 407 Proxy Authentication Required\r\n"
                        + "Proxy-Authenticate: Basic realm=\"proxy\"\r\nContent-Length: 0\r\n\r\n")
                return
            }
            seen.requests.withLock { $0.append("\(line): 200") }
            if socket.write("HTTP/1.1 200 Connection established\r\n\r\n") {
                socket.tunnel(to: port)
            }
        }
    }

    /// Stops listening.
    package func stop() { listener.stop() }
}

extension LoopbackSocket {
    /// Copies bytes in both directions between this socket and a port until one side ends.
    ///
    /// - Parameters:
    ///   - port: of this machine.
    ///   - mayPass: asked with true before an answer is copied; false ends the tunnel.
    func tunnel(to port: Int, mayPass: (Bool) -> Bool = { _ in true }) {
        let other = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { _ = Glibc.close(other) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(other, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { return }
        var ends = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: other, events: Int16(POLLIN), revents: 0),
        ]
        let patienceMilliseconds = Int32(LoopbackListener.patienceSeconds * 1000)
        while unsafe poll(&ends, 2, patienceMilliseconds) > 0 {
            for (end, peer) in [(0, other), (1, descriptor)] where ends[end].revents != 0 {
                guard mayPass(end == 1), Self.copy(from: ends[end].fd, to: peer) else { return }
            }
        }
    }

    private static func copy(from: Int32, to: Int32) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe recv(from, &buffer, buffer.count, 0)
        guard count > 0 else { return false }
        var sent = 0
        while sent < count {
            let written = unsafe buffer.withUnsafeBytes { bytes in
                unsafe send(
                    to, bytes.baseAddress?.advanced(by: sent), count - sent, Int32(MSG_NOSIGNAL))
            }
            guard written > 0 else { return false }
            sent += written
        }
        return true
    }
}
