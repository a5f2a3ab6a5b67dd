import Foundation
import Simulation

/// A folder of databases for one test, on /dev/shm where a sweep of deaths is quick; removed after.
final class TestFolder {
    let workloads: WorkloadFolder
    private let path: String

    init() throws {
        let base =
            FileManager.default.fileExists(atPath: "/dev/shm")
            ? "/dev/shm" : NSTemporaryDirectory()
        path = "\(base)/carillon-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        workloads = try WorkloadFolder(path: path) {
            try? FileManager.default.removeItem(atPath: $0)
        }
    }

    /// Takes the folder away with all that is in it, or puts it back.
    func move(isAway: Bool) throws {
        let away = path + ".away"
        try FileManager.default.moveItem(
            atPath: isAway ? path : away, toPath: isAway ? away : path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
