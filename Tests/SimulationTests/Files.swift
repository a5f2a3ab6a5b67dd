import Foundation

/// A database path that nobody used yet; on /dev/shm, where a sweep of deaths is quick.
func freshPath(_ name: String) throws -> String {
    let base =
        FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
    let folder = "\(base)/carillon-\(ProcessInfo.processInfo.processIdentifier)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let path = "\(folder)/\(name)-\(UInt64.random(in: 0 ... .max)).db"
    return path
}
