import Foundation
import Store
import Testing

@Suite("File systems that can't be relied on")
struct FileSystemKindTests {
    @Test(
        "Network file systems and FUSE are known by their numbers",
        arguments: [
            (0x6969, "NFS"), (0xFF53_4D42, "SMB"), (0x6573_5546, "FUSE"), (0x0102_1997, "9P"),
        ] as [(UInt32, String)])
    func foreign(_ magic: UInt32, _ name: String) {
        #expect(FileSystemKind.foreignName(magic) == name)
    }

    @Test(
        "Local ones are none of them: ext4, XFS, Btrfs, ZFS, tmpfs, overlay",
        arguments: [0xEF53, 0x5846_5342, 0x9123_683E, 0x2FC1_2FC1, 0x0102_1994, 0x794C_7630]
            as [UInt32])
    func local(_ magic: UInt32) {
        #expect(FileSystemKind.foreignName(magic) == nil)
    }

    /// A link to a file on a share, a share as the folder, a file that is mounted by itself.
    @Test(
        "Where the file really is counts",
        arguments: ["share/ledger.db", "link.db", "local/mounted.db"])
    func trueHome(_ path: String) throws {
        let folder = try Scratch()
        let root = URL(filePath: folder.folder).resolvingSymlinksInPath().path
        for name in ["share", "local"] {
            try FileManager.default.createDirectory(
                atPath: "\(root)/\(name)", withIntermediateDirectories: false)
        }
        for name in ["share/ledger.db", "local/mounted.db", "local/own.db"] {
            try Data().write(to: URL(filePath: "\(root)/\(name)"))
        }
        try FileManager.default.createSymbolicLink(
            atPath: "\(root)/link.db", withDestinationPath: "\(root)/share/ledger.db")
        let foreign = ["\(root)/share", "\(root)/share/ledger.db", "\(root)/local/mounted.db"]
        func kind(_ path: String) -> UInt32 { foreign.contains(path) ? 0x6969 : 0xEF53 }
        let error = try #require(throws: StoreError.self) {
            try FileSystemKind.refuseForeign(databasePath: "\(root)/\(path)", kind: kind)
        }
        #expect(error.kind == .unsuitable)
        #expect(error.cause.hasPrefix("it is on NFS"))
        try FileSystemKind.refuseForeign(databasePath: "\(root)/local/own.db", kind: kind)
        try FileSystemKind.refuseForeign(databasePath: "\(root)/local/new.db", kind: kind)
    }
}
