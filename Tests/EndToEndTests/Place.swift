import Console
import Foundation
import Testing

/// A mount namespace of its own: what is mounted in it goes with its last process, whatever becomes
/// of the test, and nobody else sees it.
struct Place {
    /// Words before a program's that let it run there, as the same process.
    let entrance: [String]
    private let holder: RunningProgram
    private let logs: Folder
    private let root: String

    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    /// Makes the place.
    ///
    /// - Parameter script: Shell commands, as root in the place; its mounts.
    /// - Throws: What a command said, if one fails.
    init(_ script: String) async throws {
        logs = try Folder()
        let asRoot = Machine.isRoot ? [] : ["--map-root-user"]
        holder = try Program.start(
            "/usr/bin/unshare",
            asRoot + [
                "--mount", "--propagation", "private", "/bin/sh", "-ec",
                // Not for ever, should the test be killed.
                "\(script)\necho ready\nexec sleep 900",
            ], environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"], logs: logs)
        let pid = holder.id
        let asUser =
            Machine.isRoot ? [] : ["--user=/proc/\(pid)/ns/user", "--preserve-credentials"]
        entrance =
            ["/usr/bin/nsenter", "--mount=/proc/\(pid)/ns/mnt"] + asUser + ["--"]
        root = "/proc/\(pid)/root"
        let (holder, logs) = (holder, logs)
        let isReady = await Patience.within(seconds: 60) {
            logs.text("output").contains("ready") || !holder.isRunning
        }
        guard isReady, holder.isRunning else {
            defer { logs.remove() }
            throw Failed(description: "no place: \(logs.text("errors"))")
        }
    }

    /// A path of the place, for system calls from here (not for SQLite, which would resolve it).
    func path(_ path: String) -> String { root + path }

    /// Runs shell commands in the place.
    ///
    /// - Parameter script: The commands; the first failure ends them.
    /// - Returns: What they wrote.
    /// - Throws: What they said, if one fails.
    @discardableResult
    func run(_ script: String) async throws -> String {
        let words = entrance + ["/bin/sh", "-ec", script]
        let outcome = try await Program.run(
            words[0], Array(words.dropFirst()),
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"])
        guard outcome.status == 0 else {
            throw Failed(description: "\(script): \(outcome.errors)")
        }
        return outcome.output
    }

    /// Gives the place up, and with it all that is mounted there.
    func leave() async {
        await holder.stop(SIGKILL)
        logs.remove()
    }
}

/// What this machine lets tests do; the others are skipped with a sentence.
enum Machine {
    static let isRoot = geteuid() == 0

    /// A tmpfs can be mounted, as root or in a user namespace.
    static let canMount = succeeds(
        "/usr/bin/unshare",
        (isRoot ? [] : ["--map-root-user"]) + [
            "--mount", "/bin/sh", "-c", "mount -t tmpfs tmpfs /mnt",
        ])
    static let mountAdvice: Comment = "skipped: no mount namespace can be made here (needs root)"

    /// An ext4 on a loop device can be mounted.
    static let canLoop = succeeds(
        "/usr/bin/unshare",
        [
            "--mount", "/bin/sh", "-ec",
            """
            mount -t tmpfs tmpfs /mnt
            truncate -s 8M /mnt/disk
            PATH=/usr/sbin:/sbin:$PATH mkfs.ext4 -q -F /mnt/disk
            mkdir /mnt/there
            mount -o loop /mnt/disk /mnt/there
            """,
        ])
    static let loopAdvice: Comment =
        "skipped: no ext4 on a loop device here (needs root, e2fsprogs and loop devices)"

    /// System calls can be made to fail.
    static let canInject = succeeds(
        "/usr/bin/strace", ["-D", "-f", "-qq", "-o", "/dev/null", "/bin/true"])
    static let injectAdvice: Comment = "skipped: strace is missing or may not trace here"

    /// A C compiler, which the build needs as well.
    static let compiler: String? = ["/usr/bin/cc", "/usr/bin/gcc", "/opt/swift/usr/bin/clang"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }
    static let compilerAdvice: Comment = "skipped: no C compiler for a library that fakes the clock"

    private static func succeeds(_ path: String, _ arguments: [String]) -> Bool {
        guard FileManager.default.isExecutableFile(atPath: path) else { return false }
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
