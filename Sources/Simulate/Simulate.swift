import Engine
import Glibc
import Simulation
import Store
import Timetable

// Memory safety of this file: system calls on paths and bytes that are borrowed for their duration.

/// `scripts/simulate`: runs workloads of seeds until one fails or the count is reached.
@main struct Simulate {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        var first: UInt64 = 1
        var count: UInt64 = 1000
        var keepsGoing = false
        var isVerbose = false
        var diesEverywhere = false
        var isOfTwoNodes = false
        var iterator = arguments.makeIterator()
        while let argument = iterator.next() {
            switch argument {
            case "--seeds": count = iterator.next().flatMap(UInt64.init) ?? count
            case "--first": first = iterator.next().flatMap(UInt64.init) ?? first
            case "--seed":
                first = iterator.next().flatMap(UInt64.init) ?? first
                count = 1
                isVerbose = true
            case "--keep-going": keepsGoing = true
            case "--deaths": diesEverywhere = true
            case "--nodes": isOfTwoNodes = true
            case "--keep-in":
                let path = iterator.next() ?? "."
                exit(try keepLedgers(in: path, seeds: first..<(first + count)))
            case "--without":
                let name = iterator.next() ?? ""
                let seeds = first..<(first + count)
                exit(
                    isOfTwoNodes
                        ? try playNodes(seeds, without: name, isVerbose: false)
                        : try playWithout(name, seeds: seeds))
            default:
                write(
                    "usage: simulate [--seeds N] [--first SEED] [--seed SEED] "
                        + "[--keep-going] [--deaths] [--nodes] [--without GUARD] "
                        + "[--keep-in FOLDER]\n"
                )
                exit(2)
            }
        }
        if diesEverywhere { exit(try await dieEverywhere()) }
        if isOfTwoNodes {
            exit(try playNodes(first..<(first + count), without: nil, isVerbose: isVerbose))
        }
        exit(
            try await play(first..<(first + count), keepsGoing: keepsGoing, isVerbose: isVerbose))
    }

    /// What the workloads of some seeds came to.
    private struct Sum: Sendable {
        var lives = 0
        var starts = 0
        var failures = 0
    }

    /// Runs the seeds on as many threads as there are cores: thread n takes every n-th one.
    private static func play(
        _ seeds: Range<UInt64>, keepsGoing: Bool, isVerbose: Bool
    ) async throws -> Int32 {
        let began = ContinuousClock().now
        let lanes = isVerbose ? 1 : max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        let total = try await withThrowingTaskGroup(of: Sum.self) { group in
            for lane in 0..<lanes {
                group.addTask {
                    try playLane(
                        lane, of: lanes, seeds, keepsGoing: keepsGoing, isVerbose: isVerbose)
                }
            }
            return try await group.reduce(into: Sum()) { total, sum in
                total.lives += sum.lives
                total.starts += sum.starts
                total.failures += sum.failures
            }
        }
        write(
            "\(seeds.count) seeds from \(seeds.lowerBound), \(total.starts) starts, "
                + "\(total.failures) failures; ")
        report(lives: total.lives, since: began)
        return total.failures == 0 ? 0 : 1
    }

    private static func playLane(
        _ lane: Int, of lanes: Int, _ seeds: Range<UInt64>, keepsGoing: Bool, isVerbose: Bool
    ) throws -> Sum {
        let path = try folderPath(lane)
        defer { removeFolder(path) }
        let folder = try WorkloadFolder(path: path) { unsafe _ = unlink($0) }
        var sum = Sum()
        for seed in seeds where seed % UInt64(lanes) == UInt64(lane) {
            let outcome = try folder.play(seed, keepDatabase: isVerbose)
            if isVerbose { write("its database: \(path)/seed-\(seed).db\n") }
            sum.lives += outcome.lives
            sum.starts += outcome.starts
            if isVerbose { for line in outcome.log { write(line + "\n") } }
            guard !outcome.violations.isEmpty else { continue }
            sum.failures += 1
            write("seed \(seed) fails:\n")
            for violation in outcome.violations.prefix(5) { write("  \(violation)\n") }
            if !keepsGoing { break }
        }
        return sum
    }

    /// Dies at every SQL step, effect and answer of the short workloads, and in the life after it.
    private static func dieEverywhere() async throws -> Int32 {
        let began = ContinuousClock().now
        let lanes = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        let total = try await withThrowingTaskGroup(of: Sum.self) { group in
            for lane in 0..<lanes {
                group.addTask { try dieLane(lane, of: lanes) }
            }
            return try await group.reduce(into: Sum()) { total, sum in
                total.lives += sum.lives
                total.failures += sum.failures
            }
        }
        report(lives: total.lives, since: began)
        return total.failures == 0 ? 0 : 1
    }

    private static func dieLane(_ lane: Int, of lanes: Int) throws -> Sum {
        let path = try folderPath(lane)
        defer { removeFolder(path) }
        let folder = try WorkloadFolder(path: path) { unsafe _ = unlink($0) }
        var sum = Sum()
        for (index, workload) in CrashWorkload.all.enumerated() where index % lanes == lane {
            var point = 1
            while try die(in: workload, at: point, folder, &sum) { point += 1 }
            guard sum.failures == 0 else { break }
            write("\(workload.name): passed, \(point - 1) points\n")
        }
        return sum
    }

    /// Runs a workload to its death at the point, once alone and once with a second death.
    ///
    /// - Returns: false if it has no such point, or if something was found.
    private static func die(
        in workload: CrashWorkload, at point: Int, _ folder: WorkloadFolder, _ sum: inout Sum
    ) throws -> Bool {
        for second in [nil, 1 + point * 7 % 400] as [Int?] {
            let file = try folder.freshDatabase()
            defer { folder.discard(file) }
            let outcome = try workload.play(
                path: file, dieAt: point, thenAt: second, everyStep: true)
            sum.lives += outcome.deaths + 1
            guard outcome.violations.isEmpty else {
                sum.failures += 1
                write("\(workload.name), death at \(point), then \(second ?? 0):\n")
                for violation in outcome.violations { write("  \(violation)\n") }
                return false
            }
            if outcome.deaths == 0 { return false }
        }
        return true
    }

    /// Switches a guard of the protocol off and says which workload finds that first.
    private static func playWithout(_ name: String, seeds: Range<UInt64>) throws -> Int32 {
        guard let guards = Guard(rawValue: name).map(Guards.init(without:)) else {
            write("no guard \(name)\n")
            return 2
        }
        let path = try folderPath()
        defer { removeFolder(path) }
        let folder = try WorkloadFolder(path: path) { unsafe _ = unlink($0) }
        for workload in CrashWorkload.all {
            for point in 1...400 {
                let file = try folder.freshDatabase()
                defer { folder.discard(file) }
                let outcome = try workload.play(path: file, dieAt: point, guards: guards)
                if let violation = outcome.violations.first {
                    write("\(name): \(workload.name), death at \(point): \(violation)\n")
                    return 0
                }
                if outcome.deaths == 0 { break }
            }
        }
        for seed in seeds {
            if let violation = try folder.play(seed, guards: guards).violations.first {
                write("\(name): seed \(seed): \(violation)\n")
                return 0
            }
        }
        write("\(name): nothing found\n")
        return 1
    }

    /// Plays two nodes by seeds, until one fails; with a rule off, one should.
    private static func playNodes(
        _ seeds: Range<UInt64>, without name: String?, isVerbose: Bool
    ) throws -> Int32 {
        let off = name.flatMap(ClusterGuard.init(rawValue:))
        guard (off == nil) == (name == nil) else {
            write("no rule \(name ?? "")\n")
            return 2
        }
        let began = ContinuousClock().now
        let path = try folderPath()
        defer { removeFolder(path) }
        let folder = try WorkloadFolder(path: path) { unsafe _ = unlink($0) }
        var (takeovers, deaths, turns, starts) = (0, 0, 0, 0)
        for seed in seeds {
            let outcome = try folder.playNodes(seed, without: off)
            takeovers += outcome.takeovers
            deaths += outcome.deaths
            turns += outcome.turns
            starts += outcome.starts
            if isVerbose { for line in outcome.log { write(line + "\n") } }
            guard !outcome.violations.isEmpty else { continue }
            write("seed \(seed) fails:\n")
            for violation in outcome.violations.prefix(5) { write("  \(violation)\n") }
            return off == nil ? 1 : 0
        }
        write("\(takeovers) takeovers, \(turns) turns, \(starts) starts; ")
        report(lives: deaths, since: began)
        return off == nil ? 0 : 1
    }

    /// Runs the short workloads and the seeds, and leaves each one's ledger in a folder, which
    /// `scripts/ledger-digests` compares with those of another build.
    private static func keepLedgers(in path: String, seeds: Range<UInt64>) throws -> Int32 {
        let folder = try WorkloadFolder(path: path) { unsafe _ = unlink($0) }
        for (index, workload) in CrashWorkload.all.enumerated() {
            let file = try folder.freshDatabase(named: "short-\(index)")
            _ = try workload.play(path: file, dieAt: .max)
        }
        for seed in seeds { _ = try folder.play(seed, keepDatabase: true) }
        return 0
    }

    private static func report(lives: Int, since began: ContinuousClock.Instant) {
        let took = began.duration(to: ContinuousClock().now)
        let seconds = Double(took.components.seconds) + Double(took.components.attoseconds) * 1e-18
        write(
            "\(lives) lives, \(Int(Double(lives) / seconds * 60)) a minute "
                + "(database on /dev/shm, synchronous=OFF)\n")
    }

    private static func folderPath(_ lane: Int = 0) throws -> String {
        let base = unsafe access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        let path = "\(base)/carillon-simulate-\(getpid())-\(lane)"
        unsafe _ = mkdir(path, 0o700)
        return path
    }

    private static func removeFolder(_ path: String) {
        for file in ["template.db", "template.db-wal", "template.db-shm"] {
            unsafe _ = unlink("\(path)/\(file)")
        }
        unsafe _ = rmdir(path)
    }

    private static func write(_ text: String) {
        let bytes = Array(text.utf8)
        unsafe _ = Glibc.write(1, bytes, bytes.count)
    }
}
