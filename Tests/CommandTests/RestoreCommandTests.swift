import ConfigFixtures
import Foundation
import Store
import Testing
import Timetable

/// Backups that are rotated, and put back.
@Suite struct RestoreCommandTests {
    private func folder(_ fixture: LedgerFixture) -> String {
        (fixture.path as NSString).deletingLastPathComponent
    }

    private func slots(_ path: String) throws -> Int64? {
        try Database(path: path, mode: .read).integer("SELECT count(*) FROM slots")
    }

    @Test func aBackupIsPutBackAndThePresentOneKept() async throws {
        let fixture = try LedgerFixture()
        let copy = folder(fixture) + "/copy.db"
        #expect(await carillon("backup", copy, "--database", fixture.path).status == 0)
        try fixture.execute("DELETE FROM slots WHERE slot_id = 4")
        let run = await carillon("restore", copy, "--database", fixture.path)
        #expect(run.status == 0, "said: \(run.errors)")
        let kept = fixture.path + ".before-restore-20260615T120000Z"
        #expect(
            run.output == "\(fixture.path) is \(copy) now; the one before is \(kept); "
                + "go on with: systemctl start carillon\n")
        #expect(try slots(fixture.path) == 4)
        #expect(try slots(kept) == 3)
        let mark = try Database(path: fixture.path, mode: .read)
            .integer("SELECT restored_mark FROM daemon")
        #expect(mark == 1)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder(fixture))
        #expect(!names.contains { $0.contains("restoring") })
    }

    @Test func aDaemonThatRunsIsNotDisturbed() async throws {
        let fixture = try LedgerFixture()
        let copy = folder(fixture) + "/copy.db"
        #expect(await carillon("backup", copy, "--database", fixture.path).status == 0)
        let daemon = try Ledger(
            path: fixture.path, pid: 4711, now: Instant(seconds: 1_780_000_000),
            durability: .simulated)
        let run = await carillon("restore", copy, "--database", fixture.path)
        #expect(run.status == 4)
        #expect(run.errors.contains("already running"))
        #expect(run.errors.contains("systemctl stop carillon"))
        #expect(try daemon.database.integer("SELECT count(*) FROM slots") == 4)
    }

    @Test func whatIsNoBackupIsRefused() async throws {
        let fixture = try LedgerFixture()
        let other = try LedgerFixture()
        let run = await carillon("restore", other.path, "--database", fixture.path)
        #expect(run.status == 1)
        #expect(run.errors.contains("it was not made by carillon backup"))
        #expect(
            await carillon("restore", "/nowhere.db", "--database", fixture.path).status == 1)
        #expect(try slots(fixture.path) == 4)
    }

    @Test func aFolderKeepsTheNewestAndTouchesNothingElse() async throws {
        let fixture = try LedgerFixture()
        let backups = folder(fixture) + "/backups"
        try FileManager.default.createDirectory(
            atPath: backups, withIntermediateDirectories: true)
        for name in ["carillon-2025.db", "notes.txt", "carillon-20260101T000000Z.db.partial"] {
            try "mine".write(toFile: backups + "/" + name, atomically: false, encoding: .utf8)
        }
        for day in 1...4 {
            let run = await carillon(
                arguments: ["backup", "--keep", "2", backups, "--database", fixture.path],
                host: MemoryHost.over(backups), now: "2026-06-0\(day)T12:00:00Z")
            #expect(run.status == 0, "said: \(run.errors)")
        }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: backups).sorted() == [
                "carillon-2025.db", "carillon-20260101T000000Z.db.partial",
                "carillon-20260603T120000Z.db", "carillon-20260604T120000Z.db", "notes.txt",
            ])
    }
}

extension MemoryHost {
    /// A host that knows the names of a real folder.
    fileprivate static func over(_ folder: String) -> MemoryHost {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return MemoryHost(
            Dictionary(uniqueKeysWithValues: names.map { (folder + "/" + $0, "") }))
    }
}
