import CSQLite

// Memory safety of this file: the path is a C string for the length of the one call.

/// Which file system the database is on: locks and syncs of network file systems don't keep what
/// they promise, and two hosts would each believe to be the only daemon.
package enum FileSystemKind {
    /// The name of a file system that isn't local, by its number (statfs(2)); nil: it is.
    package static func foreignName(_ magic: UInt32) -> String? {
        switch magic {
        case 0x6969: "NFS"
        case 0x517B, 0xFF53_4D42, 0xFE53_4D42: "SMB"
        case 0x6573_5546: "FUSE"
        case 0x0102_1997: "9P"
        case 0x00C3_6400: "Ceph"
        case 0x5346_414F, 0x6B41_4653: "AFS"
        case 0x0BD0_0BD0: "Lustre"
        case 0x0116_1970: "GFS2"
        case 0x7461_636F: "OCFS2"
        case 0x786F_4256: "a VirtualBox folder"
        default: nil
        }
    }

    /// Refuses a file, or the folder that it will be in, on such a file system.
    ///
    /// - Parameters:
    ///   - databasePath: the database, or a link to it; only its folder need exist.
    ///   - kind: the number of the file system of a path; 0: there is no such path.
    /// - Throws: `StoreError` of kind `.unsuitable`.
    package static func refuseForeign(
        databasePath: String, kind: (String) -> UInt32 = { unsafe carillon_file_system($0) }
    ) throws {
        // Where links lead to is where locks are taken.
        let databasePath = FileIdentity.resolved(databasePath)
        let folder = databasePath.lastIndex(of: "/").map { String(databasePath[..<$0]) } ?? "."
        // The file itself may be mounted into a folder that is local.
        let kinds = [folder.isEmpty ? "/" : folder, databasePath].lazy.map(kind)
        guard let name = kinds.compactMap(foreignName).first else { return }
        throw StoreError(
            kind: .unsuitable, attempted: "use the database", path: databasePath,
            cause: "it is on \(name), where locks and syncs can't be relied on",
            advice: "put it on a local disk, or take the risk with "
                + "[daemon] network_filesystem = true")
    }
}
