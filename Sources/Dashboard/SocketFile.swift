// System calls on paths: each `unsafe` below hands a path to one call, which borrows it.
import Glibc
import NIOCore
import NIOPosix

/// Why the control socket can't be opened.
package struct ControlSocketError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The socket's path.
    package let path: String
    /// What stands in the way, in words.
    package let cause: String

    package init(path: String, cause: String) {
        self.path = path
        self.cause = cause
    }

    package var description: String { "the control socket \(path) can't be opened: \(cause)" }
}

/// The file of a listening Unix socket, from birth to removal.
///
/// Setting the umask would be the usual way to a socket with the right mode, but it belongs to the whole
/// process, and other threads make files meanwhile; changing the mode after bind leaves a gap. So the
/// socket is bound in a folder that only we can enter, gets its mode, and is then moved to its place.
struct SocketFile {
    /// Where clients find the socket.
    let path: String

    private var stagingFolder: String { path + ".d" }

    /// Where the server binds.
    var stagingPath: String { stagingFolder + "/s" }

    /// Makes the folder to bind in, unless somebody serves the path already.
    ///
    /// - Throws: `ControlSocketError` if another server answers, or something else lies there.
    func prepare(on group: any EventLoopGroup) async throws {
        var status = stat()
        if unsafe lstat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFSOCK else {
                throw ControlSocketError(path: path, cause: "the file there is not a socket")
            }
            // A socket file outlives a killed server: only a connection tells whether it is stale.
            if let channel = try? await ClientBootstrap(group: group)
                .connectTimeout(.seconds(2)).connect(unixDomainSocketPath: path).get()
            {
                try? await channel.close()
                throw ControlSocketError(path: path, cause: "another daemon answers on it")
            }
        }
        removeStaging()
        guard unsafe mkdir(stagingFolder, 0o700) == 0 else { throw failure("mkdir", stagingFolder) }
    }

    /// Gives the bound socket its mode and moves it to its place, over a stale one.
    ///
    /// - Throws: `ControlSocketError` with the system's reason.
    func publish() throws {
        guard unsafe chmod(stagingPath, 0o660) == 0 else { throw failure("chmod", stagingPath) }
        guard unsafe rename(stagingPath, path) == 0 else { throw failure("rename", path) }
        removeStaging()
    }

    /// Which file is in its place; nil: none.
    var inode: UInt64? {
        var status = stat()
        return unsafe lstat(path, &status) == 0 ? UInt64(status.st_ino) : nil
    }

    /// Removes what is left of the socket.
    func remove() {
        unsafe unlink(path)
        removeStaging()
    }

    /// Removes the staging folder, also one left by a killed daemon.
    func removeStaging() {
        unsafe unlink(stagingPath)
        unsafe rmdir(stagingFolder)
    }

    private func failure(_ call: String, _ file: String) -> ControlSocketError {
        let reason = unsafe String(cString: strerror(errno))
        return ControlSocketError(path: path, cause: "\(call) \(file): \(reason)")
    }
}
