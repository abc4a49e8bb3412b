// swift-tools-version: 6.2
import PackageDescription

// A file that does not import a room cannot call its members: the compiler holds the rooms apart.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6), .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("ExistentialAny"),
]

// Unoptimised, loops over numbers take thirty times as long and more, and the tests with them.
let optimised: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]

let package = Package(
  name: "roteq",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "roteq", targets: ["roteq"]),
    .library(
      name: "RotationalEquilibrium",
      targets: [
        "Formulas", "Equilibrium", "Dynamics", "Optimizers", "Training", "Safetensors", "Checkpoints",
        "CrossChecks",
      ]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-numerics", from: "1.1.1"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
  ],
  targets: [
    .systemLibrary(
      name: "CGSL", pkgConfig: "gsl", providers: [.apt(["libgsl-dev"]), .brew(["gsl"])]),
    .systemLibrary(name: "CIntrinsics"),
    .target(name: "OutsideText", swiftSettings: settings + optimised),
    .target(
      name: "RootFinding", dependencies: ["CGSL", .product(name: "RealModule", package: "swift-numerics")],
      swiftSettings: settings),
    .target(
      name: "Formulas",
      dependencies: [
        "CIntrinsics", "OutsideText", "RootFinding", .product(name: "RealModule", package: "swift-numerics"),
      ],
      swiftSettings: settings),
    .target(
      name: "CVectorKernels",
      cSettings: [.unsafeFlags(["-O2"], .when(configuration: .debug))]),
    .target(
      name: "Training",
      dependencies: [
        "CVectorKernels", "Safetensors", .product(name: "RealModule", package: "swift-numerics"),
      ],
      swiftSettings: settings + optimised),
    .target(
      name: "Dynamics", dependencies: [.product(name: "RealModule", package: "swift-numerics")],
      swiftSettings: settings),
    .target(name: "Safetensors", dependencies: ["OutsideText"], swiftSettings: settings + optimised),
    .target(
      name: "Checkpoints", dependencies: ["CVectorKernels", "OutsideText", "Safetensors"],
      swiftSettings: settings + optimised),
    .target(
      name: "Equilibrium", dependencies: ["Formulas", "Dynamics", "Training"], swiftSettings: settings),
    .target(
      name: "Optimizers",
      dependencies: [
        "Formulas", "Equilibrium", "Dynamics", "RootFinding", "Training",
        .product(name: "RealModule", package: "swift-numerics"),
      ],
      swiftSettings: settings),
    .target(
      name: "CrossChecks",
      dependencies: [
        "Formulas", "Dynamics", "Equilibrium", "Optimizers", "Safetensors", "Training",
        .product(name: "RealModule", package: "swift-numerics"),
      ],
      swiftSettings: settings),
    .target(
      name: "RunConfigurations",
      dependencies: [
        "Formulas", "Dynamics", "Equilibrium", "Optimizers", "OutsideText",
        .product(name: "Yams", package: "Yams"),
        .product(name: "RealModule", package: "swift-numerics"),
      ],
      swiftSettings: settings + optimised),
    .target(
      name: "Parameters", dependencies: ["Equilibrium", "RunConfigurations"], swiftSettings: settings),
    .target(
      name: "Audits",
      dependencies: [
        "Formulas", "Dynamics", "Equilibrium", "Optimizers", "Safetensors", "Checkpoints", "Parameters",
        "RunConfigurations", .product(name: "RealModule", package: "swift-numerics"),
      ],
      swiftSettings: settings + optimised),
    .target(
      name: "Reports",
      dependencies: [
        "Formulas", "Equilibrium", "Dynamics", "Optimizers", "CrossChecks", "OutsideText",
        "RunConfigurations",
        "Templates", "Training", "Safetensors", "Parameters", "Audits",
        .product(name: "Mustache", package: "swift-mustache"),
        .product(name: "RealModule", package: "swift-numerics"),
      ],
      swiftSettings: settings),
    .target(
      name: "Templates", path: "templates",
      resources: [
        .embedInCode("page.css"), .embedInCode("report.html.mustache"), .embedInCode("report.md.mustache"),
        .embedInCode("report.tex.mustache"),
      ]),
    .executableTarget(
      name: "roteq",
      dependencies: [
        "Formulas", "Equilibrium", "Dynamics", "Optimizers", "CrossChecks", "OutsideText",
        "RunConfigurations",
        "Reports", "Training", "Safetensors", "Checkpoints", "Parameters", "Audits",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "RealModule", package: "swift-numerics"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "sweep-benchmark", dependencies: ["Formulas", "Equilibrium", "Optimizers"],
      path: "Benchmarks/SweepBenchmark", swiftSettings: settings),
    .executableTarget(
      name: "trajectory-benchmark", dependencies: ["Formulas", "Dynamics", "Equilibrium", "Optimizers"],
      path: "Benchmarks/TrajectoryBenchmark", swiftSettings: settings),
    .executableTarget(
      name: "simulation-benchmark", dependencies: ["Training"], path: "Benchmarks/SimulationBenchmark",
      swiftSettings: settings),
    .executableTarget(
      name: "checkpoint-benchmark", dependencies: ["Checkpoints"], path: "Benchmarks/CheckpointBenchmark",
      swiftSettings: settings),
    .target(
      name: "FuzzTargets",
      dependencies: [
        "Dynamics", "Equilibrium", "Formulas", "OutsideText", "Parameters", "Reports", "RunConfigurations",
        "Safetensors",
        "Training",
      ], path: "Fuzz/Targets", swiftSettings: settings),
    .executableTarget(
      name: "roteq-fuzz",
      dependencies: ["FuzzTargets", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Fuzz/Driver", swiftSettings: settings),
    .testTarget(name: "OutsideTextTests", dependencies: ["OutsideText"], swiftSettings: settings),
    .testTarget(name: "RootFindingTests", dependencies: ["RootFinding"], swiftSettings: settings),
    .testTarget(
      name: "FormulasTests", dependencies: ["Formulas", "Equilibrium", "Optimizers", "OutsideText"],
      swiftSettings: settings),
    .testTarget(
      name: "DynamicsTests",
      dependencies: ["Dynamics", .product(name: "RealModule", package: "swift-numerics")],
      swiftSettings: settings),
    .testTarget(name: "SafetensorsTests", dependencies: ["Safetensors"], swiftSettings: settings + optimised),
    .testTarget(
      name: "CheckpointsTests",
      dependencies: ["CVectorKernels", "Checkpoints", "OutsideText", "Safetensors"],
      swiftSettings: settings + optimised),
    .testTarget(
      name: "TrainingTests", dependencies: ["CVectorKernels", "Safetensors", "Training"],
      swiftSettings: settings),
    .testTarget(
      name: "CrossChecksTests",
      dependencies: ["CrossChecks", "Dynamics", "Equilibrium", "Formulas", "Optimizers", "Training"],
      swiftSettings: settings),
    .testTarget(
      name: "ReportsTests", dependencies: ["Formulas", "Equilibrium", "OutsideText", "Reports"],
      swiftSettings: settings),
    .testTarget(
      name: "roteqTests",
      dependencies: [
        "Formulas", "Equilibrium", "OutsideText", "Reports", "RunConfigurations", "Safetensors", "roteq",
      ],
      exclude: ["Expected"], swiftSettings: settings),
    .testTarget(
      name: "OptimizersTests",
      dependencies: [
        "Formulas", "Equilibrium", "Dynamics", "Optimizers",
        .product(name: "RealModule", package: "swift-numerics"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "RunConfigurationsTests",
      dependencies: [
        "Dynamics", "Formulas", "Equilibrium", "Optimizers", "OutsideText", "RunConfigurations",
      ],
      exclude: ["References"], swiftSettings: settings),
    .testTarget(
      name: "AuditsTests",
      dependencies: [
        "Audits", "Checkpoints", "Dynamics", "Equilibrium", "Formulas", "Optimizers", "Parameters",
        "RunConfigurations", "Safetensors", .product(name: "RealModule", package: "swift-numerics"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "ParametersTests",
      dependencies: ["Equilibrium", "Formulas", "Optimizers", "Parameters", "RunConfigurations"],
      swiftSettings: settings),
  ]
)

// libFuzzer brings a main function of its own, so its program can only be linked with it: Scripts/libfuzzer.sh does.
if Context.environment["ROTEQ_LIBFUZZER"] != nil {
  package.targets.append(
    .executableTarget(
      name: "roteq-libfuzzer", dependencies: ["FuzzTargets"], path: "Fuzz/LibFuzzer", swiftSettings: settings)
  )
}
