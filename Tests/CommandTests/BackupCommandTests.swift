import Foundation
import Store
import Testing
import Timetable

@Suite struct BackupCommandTests {
    private func fresh(_ fixture: LedgerFixture) -> String {
        fixture.path.replacingOccurrences(of: "carillon.db", with: "copy.db")
    }

    @Test func theCopyIsSoundMarkedAndAlone() async throws {
        let fixture = try LedgerFixture()
        let copy = fresh(fixture)
        let run = await carillon("backup", copy, "--database", fixture.path)
        #expect(run.status == 0, "said: \(run.errors)")
        #expect(run.output.hasPrefix("\(copy): a copy of \(fixture.path), checked and marked"))
        let database = try Database(path: copy, mode: .read)
        #expect(try database.integer("SELECT restored_mark FROM daemon") == 1)
        #expect(try database.integer("SELECT count(*) FROM slots") == 4)
        #expect(try database.first("PRAGMA integrity_check") { $0.string(0) } == "ok")
        let original = try Database(path: fixture.path, mode: .read)
        #expect(try original.integer("SELECT restored_mark FROM daemon") == 0)
        let folder = (copy as NSString).deletingLastPathComponent
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(names.filter { $0.hasPrefix("copy") } == ["copy.db"])
        let history = await carillon("history", "--database", copy)
        #expect(history.status == 0, "said: \(history.errors)")
    }

    @Test func aRunningDaemonIsNoHindrance() async throws {
        let fixture = try LedgerFixture()
        let daemon = try Database(path: fixture.path, mode: .write)
        try daemon.execute("BEGIN IMMEDIATE; UPDATE daemon SET version = '9'")
        let run = await carillon("backup", fresh(fixture), "--database", fixture.path)
        try daemon.execute("ROLLBACK")
        #expect(run.status == 0, "said: \(run.errors)")
    }

    @Test func anExistingFileIsNeverTouched() async throws {
        let fixture = try LedgerFixture()
        let copy = fresh(fixture)
        try "mine".write(toFile: copy, atomically: false, encoding: .utf8)
        let run = await carillon("backup", copy, "--database", fixture.path)
        #expect(run.status == 1)
        #expect(run.errors.contains("the file exists; name a new file"))
        #expect(try String(contentsOfFile: copy, encoding: .utf8) == "mine")
    }

    @Test func aCutBackupIsNotMistakenForOne() async throws {
        let fixture = try LedgerFixture()
        let copy = fresh(fixture)
        try "half".write(toFile: copy + ".partial", atomically: false, encoding: .utf8)
        let run = await carillon("backup", copy, "--database", fixture.path)
        #expect(run.status == 1)
        #expect(run.errors.contains("another backup is writing it, or was cut short"))
        #expect(!FileManager.default.fileExists(atPath: copy))
    }

    @Test func aFolderThatIsNotThereIsNamed() async throws {
        let fixture = try LedgerFixture()
        let run = await carillon("backup", "/nowhere/at/all.db", "--database", fixture.path)
        #expect(run.status == 1)
        #expect(run.errors.contains("/nowhere/at/all.db.partial"))
    }

    private static let place = LogPlace(
        epoch: "e", install: "original", term: 3, seq: 41, chain: String(repeating: "a", count: 64))

    private func member() throws -> LedgerFixture {
        let fixture = try LedgerFixture()
        try fixture.change { try $0.note(Self.place) }
        return fixture
    }

    private func places(_ path: String) throws -> [String] {
        try Database(path: path, mode: .read).rows(
            "SELECT install || '/' || epoch || '/' || term || '/' || seq FROM cluster_local"
        ) { $0.string(0) }
    }

    /// A ledger that was put back has lost its place in the log, and must not pass for the member that
    /// it was copied from.
    @Test func aBackupOfAMemberIsAMemberOfNothing() async throws {
        let fixture = try member()
        let copy = fresh(fixture)
        let run = await carillon("backup", copy, "--database", fixture.path)
        #expect(run.status == 0, "said: \(run.errors)")
        #expect(try places(copy) == [])
        #expect(try places(fixture.path) == ["original/e/3/41"])
        let restored = await carillon("restore", copy, "--database", fixture.path)
        #expect(restored.status == 0, "said: \(restored.errors)")
        #expect(try places(fixture.path) == [])
    }

    @Test func aMembersCopyHasItsPlaceAndNoName() async throws {
        let fixture = try member()
        let copy = fresh(fixture)
        let run = await carillon("backup", "--member", copy, "--database", fixture.path)
        #expect(run.status == 0, "said: \(run.errors)")
        #expect(
            run.output
                == "\(copy): a copy of \(fixture.path), checked and for one other host of the "
                + "cluster; put it there by: carillon restore FILE\n")
        #expect(try places(copy) == ["/e/3/41"])
        #expect(
            try Database(path: copy, mode: .read).integer("SELECT restored_mark FROM daemon") == 0)
        let other = try LedgerFixture()
        let put = await carillon("restore", copy, "--database", other.path)
        #expect(put.status == 0, "said: \(put.errors)")
        #expect(put.output.contains("; it follows the cluster's log from its place on; go on with"))
        #expect(try places(other.path) == ["/e/3/41"])
    }

    @Test func aLedgerOfNoClusterHasNoMembersCopy() async throws {
        let fixture = try LedgerFixture()
        let copy = fresh(fixture)
        let run = await carillon("backup", "--member", copy, "--database", fixture.path)
        #expect(run.status == 1)
        #expect(run.errors.contains("it is no member of a cluster"))
        #expect(run.errors.contains("without --member"))
        #expect(!FileManager.default.fileExists(atPath: copy))
        #expect(!FileManager.default.fileExists(atPath: copy + ".partial"))
        let kept = await carillon(
            "backup", "--member", "--keep", "2", copy, "--database", fixture.path)
        #expect(kept.status == 2)
        #expect(kept.errors.contains("without --keep"))
    }

    /// The file of a member itself has a name, of a process that may live.
    @Test func aMembersOwnFileIsNoCopy() async throws {
        let (fixture, other) = (try member(), try LedgerFixture())
        let run = await carillon("restore", fixture.path, "--database", other.path)
        #expect(run.status == 1)
        #expect(run.errors.contains("it was not made by carillon backup"))
    }

    @Test func jsonNamesBothFiles() async throws {
        let fixture = try LedgerFixture()
        let run = await carillon(
            "backup", fresh(fixture), "--json", "--database", fixture.path)
        #expect(
            run.output
                == "{\"database\": \"\(fixture.path)\", \"backup\": \"\(fresh(fixture))\"}\n")
    }
}
