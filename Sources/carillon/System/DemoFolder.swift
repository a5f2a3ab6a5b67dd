import Console
import Foundation
import Glibc

/// Where the demo keeps its files.
enum DemoFolder {
    /// Makes the folder: a new one under the temporary folder, or the named one.
    ///
    /// - Throws: `CommandFailure` if it can't be made or holds a database already.
    static func make(_ path: String?) throws -> String {
        let files = FileManager.default
        let folder =
            path.map { URL(fileURLWithPath: $0).path }
            ?? "\(NSTemporaryDirectory().dropSuffix("/"))/carillon-demo-\(getpid())"
        if files.fileExists(atPath: "\(folder)/carillon.db") {
            throw CommandFailure(
                .usage, "\(folder) already holds a database; name another --dir, or remove it")
        }
        do {
            try files.createDirectory(
                atPath: folder, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o750])
        } catch {
            throw CommandFailure(.failed, "can't make the folder \(folder): \(error)")
        }
        return folder
    }

    /// Writes a file of the demo.
    static func write(_ text: String, to path: String, isSecret: Bool) throws {
        guard
            FileManager.default.createFile(
                atPath: path, contents: Data(text.utf8),
                attributes: [.posixPermissions: isSecret ? 0o600 : 0o640])
        else { throw CommandFailure(.failed, "can't write \(path)") }
    }
}

extension String {
    fileprivate func dropSuffix(_ suffix: String) -> Substring {
        hasSuffix(suffix) ? dropLast(suffix.count) : self[...]
    }
}

extension SystemProcess {
    /// A port of the loopback interface that nobody listens on now.
    static func freePort() -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return 8471 }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // SAFETY: the kernel reads and fills the struct we own, with its own length.
        let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                unsafe bind(descriptor, raw, length) == 0
                    && getsockname(descriptor, raw, &length) == 0
            }
        }
        return isBound ? Int(UInt16(bigEndian: address.sin_port)) : 8471
    }
}
