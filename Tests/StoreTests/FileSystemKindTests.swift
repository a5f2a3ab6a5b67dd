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
}
