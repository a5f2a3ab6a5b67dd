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
    targets: [
        .target(name: "Timetable", swiftSettings: settings),
        .executableTarget(
            name: "timetable-peer", dependencies: ["Timetable"], swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
