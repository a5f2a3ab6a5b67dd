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

    @Test func jsonNamesBothFiles() async throws {
        let fixture = try LedgerFixture()
        let run = await carillon(
            "backup", fresh(fixture), "--json", "--database", fixture.path)
        #expect(
            run.output
                == "{\"database\": \"\(fixture.path)\", \"backup\": \"\(fresh(fixture))\"}\n")
    }
}
