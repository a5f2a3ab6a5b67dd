import Glibc
import Simulation
import Store
import Timetable

// Memory safety of this file: system calls on paths and bytes that are borrowed for their duration.

/// `scripts/simulate`: plays stories of seeds until one fails or the count is reached.
@main struct Simulate {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        var first: UInt64 = 1
        var count: UInt64 = 1000
        var keepsGoing = false
        var isVerbose = false
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
            default:
                write("usage: simulate [--seeds N] [--first SEED] [--seed SEED] [--keep-going]\n")
                exit(2)
            }
        }
        exit(try play(first..<(first + count), keepsGoing: keepsGoing, isVerbose: isVerbose))
    }

    private static func play(
        _ seeds: Range<UInt64>, keepsGoing: Bool, isVerbose: Bool
    ) throws -> Int32 {
        let base = unsafe access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        let path = "\(base)/carillon-simulate-\(getpid())"
        unsafe _ = mkdir(path, 0o700)
        defer {
            for file in ["template.db", "template.db-wal", "template.db-shm"] {
                unsafe _ = unlink("\(path)/\(file)")
            }
            unsafe _ = rmdir(path)
        }
        let folder = try StoryFolder(path: path) { unsafe _ = unlink($0) }
        let began = ContinuousClock().now
        var failures = 0
        var lives = 0
        var starts = 0
        for seed in seeds {
            let outcome = try folder.play(seed)
            lives += outcome.lives
            starts += outcome.starts
            if isVerbose { for line in outcome.log { write(line + "\n") } }
            guard !outcome.violations.isEmpty else { continue }
            failures += 1
            write("seed \(seed) fails:\n")
            for violation in outcome.violations.prefix(5) { write("  \(violation)\n") }
            if !keepsGoing { break }
        }
        let took = began.duration(to: ContinuousClock().now)
        let seconds = Double(took.components.seconds) + Double(took.components.attoseconds) * 1e-18
        write(
            "\(seeds.count) seeds from \(seeds.lowerBound), \(lives) lives, \(starts) starts, "
                + "\(failures) failures, \(Int(Double(lives) / seconds * 60)) lives a minute "
                + "(database on /dev/shm, synchronous=OFF)\n")
        return failures == 0 ? 0 : 1
    }

    private static func write(_ text: String) {
        let bytes = Array(text.utf8)
        unsafe _ = Glibc.write(1, bytes, bytes.count)
    }
}
