import Foundation

/// The repository as the rules see it.
enum Tree {
    /// The repository's top folder.
    static let top = URL(filePath: #filePath, directoryHint: .notDirectory)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The Swift files below a folder, in the order of their paths.
    static func swiftFiles(below folder: String) throws -> [SourceText] {
        let root = top.appending(path: folder, directoryHint: .isDirectory)
        let paths = try FileManager.default.subpathsOfDirectory(atPath: root.path)
        return try paths.filter { $0.hasSuffix(".swift") }.sorted().map { path in
            try SourceText(path: folder + "/" + path, text: text(of: folder + "/" + path))
        }
    }

    /// A file's text.
    static func text(of path: String) throws -> String {
        try String(contentsOf: top.appending(path: path), encoding: .utf8)
    }
}
