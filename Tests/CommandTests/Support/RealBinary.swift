import Foundation

/// The real binary, which SwiftPM puts beside the test bundle.
enum RealBinary {
    /// What a run of the binary left.
    struct Outcome {
        var status: Int32
        var output: String
        var errors: String
    }

    /// The path of the binary.
    static var path: String {
        for argument in CommandLine.arguments where argument.contains(".xctest") {
            // `…/debug/carillonPackageTests.xctest`, on some toolchains with more behind it.
            let bundle = argument.components(separatedBy: ".xctest")[0]
            let folder = (bundle as NSString).deletingLastPathComponent
            let candidate = folder + "/carillon"
            if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
        }
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return root.appendingPathComponent(".build/debug/carillon").path
    }

    /// Runs the binary to its end.
    static func run(_ arguments: [String], input: String = "") throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        // Files instead of pipes: no pipe can fill up and stop both sides.
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("carillon-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func file(_ name: String, _ content: String) throws -> FileHandle {
            let url = folder.appendingPathComponent(name)
            try Data(content.utf8).write(to: url)
            return try FileHandle(forUpdating: url)
        }
        let output = try file("output", "")
        let errors = try file("errors", "")
        process.standardInput = try file("input", input)
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        process.waitUntilExit()
        func content(_ name: String) throws -> String {
            String(
                decoding: try Data(contentsOf: folder.appendingPathComponent(name)), as: UTF8.self)
        }
        return Outcome(
            status: process.terminationStatus, output: try content("output"),
            errors: try content("errors"))
    }
}
