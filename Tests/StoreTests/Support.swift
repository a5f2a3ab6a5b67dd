import Foundation
import Store
import Timetable

/// A database path of its own, removed with the folder.
final class Scratch {
    let folder: String
    var path: String { folder + "/carillon.db" }

    init() throws {
        folder = NSTemporaryDirectory() + "carillon-store-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func ledger() throws -> Ledger {
        try Ledger(path: path, pid: nil, now: Scratch.now, durability: .full)
    }

    static let now = Instant(seconds: 1_795_496_430)
}

extension Ledger {
    /// A pending slot of schedule `s` on process `p`.
    func addSlot(
        at instant: Instant = Scratch.now, schedule: String = "s", kind: SlotKind = .rule,
        reason: String = "due", uuid: String? = nil
    ) throws -> Int64 {
        let revision = try insertRevision(
            contentHash: "1", isReload: false, summary: "", now: Scratch.now)
        var slot = NewSlot(
            schedule: schedule, kind: kind, slotAt: instant, dueAt: instant, utcOffsetSeconds: 0,
            disposition: .pending, reason: reason, connection: "prod", baseURL: "https://a",
            processID: "p", processPattern: nil, revisionID: revision, mode: .run)
        slot.triggerUUID = uuid
        return try insert(slot, now: Scratch.now) ?? 0
    }

    /// Ends the slot of an id.
    func end(
        _ slotID: Int64, _ disposition: Disposition, reason: String, now: Instant
    ) throws {
        guard let slot = try slot(slotID) else { return }
        try end(slot, disposition, reason: reason, now: now)
    }

    /// Ties the slot of an id to its run.
    func start(
        _ slotID: Int64, runKey: Int64, reason: String, lagMilliseconds: Int64, now: Instant
    ) throws {
        guard let slot = try slot(slotID) else { return }
        try start(
            slot, runKey: runKey, reason: reason, lagMilliseconds: lagMilliseconds, now: now)
    }
}
