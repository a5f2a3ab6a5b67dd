import Foundation

/// A TLS server by `openssl s_server`, with a certificate of its own making.
package final class OpenSSLServer {
    package var port: Int { place.number }
    private let place: ReservedPort
    /// Its certificate, which signs itself, as a PEM file.
    package let certificate: String
    private let process = Process()
    private let folder: URL

    package static let isInstalled = FileManager.default.isExecutableFile(
        atPath: "/usr/bin/openssl")

    /// Starts the server, which accepts a moment later.
    ///
    /// - Parameters:
    ///   - name: of its certificate.
    ///   - answer: what it does with what comes: `-www` answers GET with a page, `-rev` turns lines round.
    /// - Throws: where openssl can't be run, or no port is free.
    package init(name: String, answer: String = "-www") throws {
        place = try ReservedPort()
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("carillon-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        certificate = folder.appendingPathComponent("cert.pem").path
        let key = folder.appendingPathComponent("key.pem").path
        let making = Process()
        making.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        making.arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=\(name)",
            "-addext", "subjectAltName=DNS:\(name)",
        ]
        making.standardError = FileHandle.nullDevice
        try making.run()
        making.waitUntilExit()

        process.executableURL = making.executableURL
        process.arguments = [
            "s_server", "-accept", "127.0.0.1:\(port)", "-cert", certificate, "-key", key, answer,
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    /// Ends it, and removes its files.
    package func stop() {
        kill(process.processIdentifier, SIGKILL)
        place.release()
        try? FileManager.default.removeItem(at: folder)
    }
}
