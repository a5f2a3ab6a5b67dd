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
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: [])
    ],
    targets: [
        .target(name: "Timetable", swiftSettings: settings),
        .executableTarget(
            name: "timetable-peer", dependencies: ["Timetable"], swiftSettings: settings),
        .executableTarget(
            name: "TimetableBenchmarks",
            dependencies: ["Timetable", .product(name: "Benchmark", package: "benchmark")],
            path: "Benchmarks/TimetableBenchmarks",
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
    ],
    swiftLanguageModes: [.v6]
)
