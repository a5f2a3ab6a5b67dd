// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that the product never waits for it. `Sources/Timetable` is a link to
// the product's room: its API is `package`, which ends at a package's border.
let settings: [SwiftSetting] = [
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
]

let package = Package(
    name: "carillon-benchmarks",
    dependencies: [
        // Without its traits: they need packages that count mallocs, which compare.py does.
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
        .package(url: "https://github.com/apple/swift-collections", from: "1.1.0"),
        .package(url: "https://github.com/apple/swift-http-structured-headers", from: "1.7.0"),
    ],
    targets: [
        .target(name: "Timetable", swiftSettings: settings),
        .target(name: "JSON", dependencies: ["Timetable"], swiftSettings: settings),
        .executableTarget(
            name: "timetable-peer", dependencies: ["Timetable"], swiftSettings: settings),
        .executableTarget(
            name: "TimetableBenchmarks",
            dependencies: ["Timetable", .product(name: "Benchmark", package: "benchmark")],
            path: "Benchmarks/TimetableBenchmarks",
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
        // The rooms of the poller, without the HTTP client that only its own folder needs.
        .target(
            name: "ProcessesAPI",
            dependencies: [
                "Timetable",
                .product(
                    name: "RawStructuredFieldValues", package: "swift-http-structured-headers"),
            ], exclude: ["Client"], swiftSettings: settings),
        .systemLibrary(name: "CSQLite"),
        .target(
            name: "Migrations",
            resources: [
                .embedInCode("0001_ledger.sql"), .embedInCode("0002_views.sql"),
                .embedInCode("0003_upcoming_by_time.sql"), .embedInCode("0004_preflight.sql"),
                .embedInCode("0005_prune.sql"), .embedInCode("0006_healed.sql"),
                .embedInCode("0007_missing_runs.sql"), .embedInCode("0008_waiting.sql"),
                .embedInCode("0009_clock_offset.sql"), .embedInCode("0010_auditor_views.sql"),
                .embedInCode("0011_events.sql"), .embedInCode("0012_bounded_reads.sql"),
                .embedInCode("0013_sums.sql"), .embedInCode("0014_outbox.sql"),
                .embedInCode("0015_deadlines.sql"), .embedInCode("0016_heartbeats.sql"),
                .embedInCode("0017_trees.sql"),
            ], swiftSettings: settings),
        .target(
            name: "Store", dependencies: ["CSQLite", "Migrations", "Timetable"],
            swiftSettings: settings),
        .target(
            name: "Engine",
            dependencies: [
                "JSON", "Timetable", "ProcessesAPI", "Store",
                .product(name: "DequeModule", package: "swift-collections"),
            ], swiftSettings: settings),
        .executableTarget(
            name: "AnswerBenchmarks",
            dependencies: [
                "Engine", "ProcessesAPI", "Store", "Timetable",
                .product(name: "Benchmark", package: "benchmark"),
            ],
            path: "Benchmarks/AnswerBenchmarks", swiftSettings: settings,
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
    ],
    swiftLanguageModes: [.v6]
)
