// swift-tools-version: 6.2
import PackageDescription

// One settings list for every target: what can be an error at compile time is one.
let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
]

// The program as it is shipped is linked by lld: relocations packed (140,000 of them are 3 MB that every
// start reads and keeps resident), and no table of names for plug-ins, which there are none of.
let slimLinking = [
    "-use-ld=lld", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs", "-Xlinker",
    "--no-export-dynamic",
]

let asyncHTTPClient = Target.Dependency.product(
    name: "AsyncHTTPClient", package: "async-http-client")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let collections = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let lifecycle = Target.Dependency.product(
    name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(
    name: "UnixSignals", package: "swift-service-lifecycle")
let structuredFields = Target.Dependency.product(
    name: "RawStructuredFieldValues", package: "swift-http-structured-headers")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let toml = Target.Dependency.product(name: "TOMLKit", package: "TOMLKit")

let package = Package(
    name: "carillon",
    products: [.executable(name: "carillon", targets: ["carillon"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-http-structured-headers", from: "1.7.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CSQLite", path: "Sources/CSQLite", providers: [.apt(["libsqlite3-dev"])]),
        .target(
            name: "Migrations", path: "migrations",
            resources: [
                .embedInCode("0001_ledger.sql"), .embedInCode("0002_views.sql"),
                .embedInCode("0003_upcoming_by_time.sql"), .embedInCode("0004_preflight.sql"),
                .embedInCode("0005_prune.sql"), .embedInCode("0006_healed.sql"),
                .embedInCode("0007_missing_runs.sql"), .embedInCode("0008_waiting.sql"),
                .embedInCode("0009_clock_offset.sql"), .embedInCode("0010_auditor_views.sql"),
                .embedInCode("0011_events.sql"),
                .embedInCode("0012_bounded_reads.sql"), .embedInCode("0013_sums.sql"),
                .embedInCode("0014_outbox.sql"),
                .embedInCode("0015_deadlines.sql"), .embedInCode("0016_heartbeats.sql"),
                .embedInCode("0017_trees.sql"),
                .embedInCode("0018_attention.sql"), .embedInCode("0019_config_files.sql"),
                .embedInCode("0020_histograms.sql"), .embedInCode("0021_forecast.sql"),
                .embedInCode("0022_fewer_writes.sql"),
                .embedInCode("0023_operation_limits.sql"),
                .embedInCode("0024_already_done.sql"),
                .embedInCode("0025_slot_rules.sql"),
                .embedInCode("0026_preflight_problems.sql"),
                .embedInCode("0027_make_up.sql"), .embedInCode("0028_days_to_come.sql"),
                .embedInCode("0029_tree_parts.sql"),
                .embedInCode("0030_plain_is_open.sql"),
                .embedInCode("0031_bounded_turns.sql"),
            ]),
        .target(name: "Timetable"),
        .target(name: "JSON", dependencies: ["Timetable"]),
        .target(
            name: "ProcessesAPI", dependencies: ["Timetable", asyncHTTPClient, structuredFields]),
        .target(name: "Store", dependencies: ["CSQLite", "Migrations", "Timetable"]),
        .target(name: "Cluster", dependencies: ["Timetable", crypto]),
        .systemLibrary(name: "CPostgres", path: "Sources/CPostgres"),
        .target(name: "Postgres", dependencies: ["CPostgres", "Cluster", "Timetable"]),
        .target(
            name: "Engine",
            dependencies: [
                "Cluster", "JSON", "Timetable", "ProcessesAPI", "Store", logging, collections,
            ]),
        .target(name: "Sandbox", dependencies: ["JSON", "ProcessesAPI", "Timetable", hummingbird]),
        .target(name: "Console", dependencies: ["Timetable"]),
        .target(name: "Config", dependencies: ["Console", "Engine", "Store", "Timetable", toml]),
        .target(name: "Notices", dependencies: ["JSON", "Store", "Timetable", crypto]),
        .target(
            name: "Simulation",
            dependencies: [
                "Cluster", "Config", "Console", "Engine", "Sandbox", "Store", "ProcessesAPI",
                "Timetable",
            ]),
        .executableTarget(
            name: "Simulate", dependencies: ["Simulation", "Engine", "Store", "Timetable"]),
        .target(
            name: "Dashboard",
            dependencies: ["JSON", "ProcessesAPI", "Store", hummingbird, mustache]),
        .executableTarget(
            name: "carillon",
            dependencies: [
                "Timetable", "JSON", "ProcessesAPI", "Store", "Engine", "Sandbox", "Simulation",
                "Config", "Console", "Dashboard", "Notices", argumentParser, logging, lifecycle,
                unixSignals, asyncHTTPClient,
            ],
            linkerSettings: [.unsafeFlags(slimLinking, .when(configuration: .release))]),
        .target(name: "Loopback", path: "Tests/Loopback"),
        .target(
            name: "ConfigFixtures", dependencies: ["Config", "Console"],
            path: "Tests/ConfigFixtures"),
        .testTarget(
            name: "TimetableTests", dependencies: ["Timetable"], resources: [.copy("Fixtures")]),
        .testTarget(name: "JSONTests", dependencies: ["JSON"]),
        .testTarget(
            name: "NoticesTests", dependencies: ["Engine", "Notices", "Store", "Timetable"]),
        .testTarget(
            name: "ProcessesAPITests", dependencies: ["Loopback", "ProcessesAPI", "Sandbox"],
            resources: [.copy("Fixtures")]),
        .testTarget(
            name: "StoreTests", dependencies: ["Store", "CSQLite", "Migrations", "Timetable"]),
        .testTarget(name: "ClusterTests", dependencies: ["Cluster", "Timetable"]),
        .testTarget(
            name: "PostgresTests",
            dependencies: [
                "Cluster", "Engine", "Loopback", "Migrations", "Postgres", "Store", "Timetable",
            ]),
        .testTarget(
            name: "EngineTests", dependencies: ["Engine", "ProcessesAPI", "Store", "Timetable"]),
        .testTarget(name: "SandboxTests", dependencies: ["Sandbox"]),
        .testTarget(
            name: "SimulationTests",
            dependencies: [
                "Cluster", "Simulation", "Engine", "Migrations", "Sandbox", "Store", "ProcessesAPI",
                "Timetable",
            ],
            exclude: ["seeds.txt"]),
        .testTarget(
            name: "DashboardTests",
            dependencies: [
                "Dashboard", "Store", "Timetable", asyncHTTPClient, lifecycle, logging,
            ]),
        .testTarget(
            name: "ConfigTests",
            dependencies: ["Config", "ConfigFixtures", "Console", "Engine", "Timetable"]),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "carillon", "Config", "ConfigFixtures", "Console", "Dashboard", "Engine",
                "ProcessesAPI", "Sandbox", "Simulation", "Store", "Timetable",
                logging,
            ], exclude: ["Golden"]),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "carillon", "Config", "Console", "Loopback", "Sandbox", "ProcessesAPI",
                "Timetable", logging,
            ]),
        .testTarget(name: "TidyTests", exclude: ["migrations.sums", "sentences.txt"]),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)

// Rooms without SwiftNIO in reach. With it, a clean build may take libc's structs (stat, timespec)
// for members of its CNIOLinux module, depending on which module was loaded first, and refuse them.
let strictImportRooms: Set = ["Migrations", "Timetable", "Store", "Loopback"]

for target in package.targets where target.type != .system {
    var own = settings
    if strictImportRooms.contains(target.name) {
        own.append(.enableUpcomingFeature("MemberImportVisibility"))
    }
    target.swiftSettings = (target.swiftSettings ?? []) + own
}
