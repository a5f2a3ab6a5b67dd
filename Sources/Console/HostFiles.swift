import Glibc

// Memory safety of this file: plain calls of open, fstat, read, readdir and the like; paths and buffers
// are borrowed for the length of a call, and what a call answers is copied before the next one.

/// The files, zones and environment of the host we run on.
package struct HostFiles: HostReading {
    /// Where the zone files are.
    package var zoneFolder = "/usr/share/zoneinfo"

    /// Makes the reader of this host.
    package init() {}

    /// Reads a whole file, refusing folders and files over the limit (bytes).
    ///
    /// - Throws: `HostFileFailure`: missing, not readable, no file, or too large.
    package func read(_ path: String, limit: Int) throws(HostFileFailure) -> [UInt8] {
        // A NUL would silently shorten the path that the kernel sees.
        guard !path.utf8.contains(0) else {
            throw HostFileFailure(.other, "its name holds a NUL character")
        }
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Self.failure(errno) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw Self.failure(errno) }
        // Only regular files: a fifo or a device could block or never end.
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw HostFileFailure(.other, "not a regular file")
        }
        var content: [UInt8] = []
        content.reserveCapacity(min(limit, max(0, status.st_size) + 1))
        while true {
            var chunk = [UInt8](repeating: 0, count: 64 * 1024)
            // SAFETY: the kernel writes at most the size of the buffer, which lives during the call.
            let count = unsafe chunk.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            }
            if count == 0 { return content }
            if count < 0 {
                if errno == EINTR { continue }
                throw Self.failure(errno)
            }
            content += chunk.prefix(count)
            guard content.count <= limit else {
                throw HostFileFailure(.tooLarge, "larger than \(limit) bytes")
            }
        }
    }

    /// Whether others than owner and group may read the file.
    package func isWorldReadable(_ path: String) -> Bool? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        return status.st_mode & S_IROTH != 0
    }

    /// The entries of a folder without `.` and `..`.
    ///
    /// - Throws: `HostFileFailure`: missing, not readable, or no folder.
    package func names(inFolder path: String) throws(HostFileFailure) -> [String] {
        guard let folder = unsafe opendir(path) else {
            let code = errno
            if code == ENOTDIR {
                throw HostFileFailure(.other, "it or a part of its path is a file, not a folder")
            }
            guard code == ENOENT else { throw Self.failure(code) }
            var status = stat()
            guard unsafe lstat(path, &status) == 0 else { return [] }
            throw HostFileFailure(.other, "it is a link that leads to nothing")
        }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        // SAFETY: readdir's entry is valid until the next call on this folder, and is copied before.
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
                unsafe field.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// The zone's TZif bytes; names that could leave the folder are no zones.
    package func zoneData(named name: String) -> [UInt8]? {
        guard Self.isZoneName(name),
            let bytes = try? read(zoneFolder + "/" + name, limit: 256 * 1024),
            bytes.starts(with: [0x54, 0x5A, 0x69, 0x66])
        else { return nil }
        return bytes
    }

    /// All zone names of the folder, without the `posix/` and `right/` copies.
    package func zoneNames() -> [String] {
        var zones: [String] = []
        var folders = [""]
        while let folder = folders.popLast() {
            let names = (try? self.names(inFolder: zoneFolder + "/" + folder)) ?? []
            for name in names.sorted() where name.first?.isUppercase == true {
                let path = folder + name
                var status = stat()
                guard unsafe stat(zoneFolder + "/" + path, &status) == 0 else { continue }
                if status.st_mode & S_IFMT == S_IFDIR {
                    folders.append(path + "/")
                } else {
                    zones.append(path)
                }
            }
        }
        return zones.sorted()
    }

    /// A variable of our environment.
    package func environment(_ name: String) -> String? {
        guard !name.isEmpty, !name.utf8.contains(0) else { return nil }
        // SAFETY: nothing in this program changes the environment while it runs.
        return unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    /// Whether a process of this id lives.
    package func isRunning(processID: Int64) -> Bool {
        guard let pid = pid_t(exactly: processID), pid > 0 else { return false }
        // Signal 0 only asks; EPERM says that it lives but is somebody else's.
        return kill(pid, 0) == 0 || errno == EPERM
    }

    /// The group that the first folder or file on the way belongs to that we may not pass.
    package func missingGroup(for path: String) -> MissingGroup? {
        guard geteuid() != 0, path.hasPrefix("/"), !path.utf8.contains(0) else { return nil }
        var place = path
        var status = stat()
        while unsafe stat(place, &status) != 0 {
            guard errno == EACCES, let slash = place.lastIndex(of: "/"), slash > place.startIndex
            else { return nil }
            place = String(place[..<slash])
        }
        let isOpen = status.st_mode & (S_IRGRP | S_IXGRP) != 0
        guard isOpen, status.st_gid != 0, !Self.isMember(of: status.st_gid) else { return nil }
        return Self.missingGroup(status.st_gid)
    }

    private static func isMember(of group: gid_t) -> Bool {
        var groups = [gid_t](repeating: 0, count: 65_536)
        // SAFETY: the kernel fills at most as many as we say there is room for.
        let count = unsafe getgroups(Int32(groups.count), &groups)
        return getegid() == group || groups.prefix(max(0, Int(count))).contains(group)
    }

    private static func missingGroup(_ id: gid_t) -> MissingGroup? {
        var entry = unsafe group()
        var user = unsafe passwd()
        var foundGroup: UnsafeMutablePointer<group>? = nil
        var foundUser: UnsafeMutablePointer<passwd>? = nil
        var groupText = [CChar](repeating: 0, count: 64 * 1024)
        var userText = [CChar](repeating: 0, count: 4096)
        // SAFETY: both calls write into the buffers we own, which live until the names are copied.
        guard
            unsafe getgrgid_r(id, &entry, &groupText, groupText.count, &foundGroup) == 0,
            unsafe foundGroup != nil, let groupName = unsafe entry.gr_name,
            unsafe getpwuid_r(getuid(), &user, &userText, userText.count, &foundUser) == 0,
            unsafe foundUser != nil, let userName = unsafe user.pw_name
        else { return nil }
        let name = unsafe String(cString: userName)
        var isListed = false
        var index = 0
        // SAFETY: the list of members ends with a null pointer.
        while let member = unsafe entry.gr_mem?[index] {
            if unsafe String(cString: member) == name { isListed = true }
            index += 1
        }
        return MissingGroup(
            group: unsafe String(cString: groupName), user: name, isListed: isListed)
    }

    private static func isZoneName(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        return (1...4).contains(parts.count) && name.utf8.count <= 100
            && parts.allSatisfy { part in
                part.first.map { $0 != "." } == true
                    && part.utf8.allSatisfy { byte in
                        switch byte {
                        case UInt8(ascii: "a")...UInt8(ascii: "z"),
                            UInt8(ascii: "A")...UInt8(ascii: "Z"),
                            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"),
                            UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
                            true
                        default: false
                        }
                    }
            }
    }

    private static func failure(_ code: Int32) -> HostFileFailure {
        switch code {
        case ENOENT: HostFileFailure(.notFound, "no such file")
        case ENOTDIR: HostFileFailure(.notFound, "a part of its path is a file, not a folder")
        case EACCES, EPERM: HostFileFailure(.notPermitted, "permission denied")
        default: HostFileFailure(.other, unsafe String(cString: strerror(code)))
        }
    }
}
