import Console
import Engine

extension LoadedConfiguration {
    /// Some of it was read from the folder of further files.
    package var hasFolderFiles: Bool {
        engine.files.contains { $0.path.hasPrefix(furtherFiles + "/") }
    }

    private var furtherFiles: String { ConfigFiles.folder(of: path) + "schedules.d" }

    /// Why it must not be taken over after another one, at a start or a reload, or nil.
    ///
    /// - Parameter before: the configuration that was in force.
    /// - Returns: a sentence with what to do if it is meant.
    package func objection(after before: LoadedConfiguration) -> String? {
        let known = Set(before.engine.schedules.map(\.name)).union(before.engine.waiting.keys)
        if let objection = objectionToReload(over: known) { return objection }
        let lost = lost(of: known)
        guard !lost.isEmpty, before.hasFolderFiles, !hasFolderFiles else { return nil }
        return "\(furtherFiles) holds no file any more, and \(Words.count(lost.count, "schedule")) "
            + "would be removed: is it mounted? If it is meant, put a file with an empty table, "
            + "[schedules], into it and reload"
    }

    /// Why a reload must not take this configuration over, or nil.
    ///
    /// An editor that empties a file before it writes, a disk that is full in between, or a folder
    /// that isn't mounted all leave files that read well and say less; schedules that are gone have
    /// their waiting slots cancelled, which nothing brings back.
    ///
    /// - Parameter known: the names of the schedules in force.
    /// - Returns: a sentence with what to do if it is meant.
    package func objectionToReload(over known: Set<String>) -> String? {
        let lost = lost(of: known)
        guard !lost.isEmpty else { return nil }
        if engine.schedules.isEmpty {
            guard !isMeantEmpty else { return nil }
            return
                "the files hold no schedule any more, but \(Words.count(known.count, "schedule")) "
                + "would be removed: was \(path) emptied or only half saved? If it is meant, write "
                + "an empty table, [schedules], into it and reload"
        }
        guard let file = unfinishedFiles.first else { return nil }
        let names = lost.prefix(3).map { "\"\($0)\"" } + (lost.count > 3 ? ["…"] : [])
        return "\(file) is empty or ends within a line, as a half-saved file does, and "
            + "\(Words.count(lost.count, "schedule")) would be removed "
            + "(\(names.joined(separator: ", "))): save it again; if it is meant, end the file "
            + "with a line break and reload, and remove a file that is to hold nothing"
    }

    private func lost(of known: Set<String>) -> [String] {
        known.subtracting(engine.schedules.map(\.name)).subtracting(engine.waiting.keys).sorted()
    }
}
