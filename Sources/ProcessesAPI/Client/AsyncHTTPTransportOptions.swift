import AsyncHTTPClient
import NIOCore
import NIOSSL

/// How a connection reaches its API.
package struct AsyncHTTPTransportOptions: Sendable, Equatable {
    /// The proxy, `http://[USER:PASSWORD@]HOST:PORT`, which is spoken to with CONNECT.
    ///
    /// Nil means none: the environment's proxy variables are ignored.
    package var proxy: Secret?
    /// A PEM file of authorities to trust besides the system's.
    package var caFile: String?
    package var connectTimeoutMilliseconds: Int64
    /// Starts on the wire at once, unless said otherwise.
    package static let startConnectionsDefault = 64

    /// Starts on the wire at once; more wait for a free connection.
    package var startConnectionsMax: Int
    /// Connections that reads share.
    package var readConnectionsMax: Int

    /// Makes options; the numbers are raised for benchmarks.
    package init(
        proxy: Secret? = nil, caFile: String? = nil, connectTimeoutMilliseconds: Int64 = 10_000,
        startConnectionsMax: Int = AsyncHTTPTransportOptions.startConnectionsDefault,
        readConnectionsMax: Int = 16
    ) {
        self.proxy = proxy
        self.caFile = caFile
        self.connectTimeoutMilliseconds = connectTimeoutMilliseconds
        self.startConnectionsMax = startConnectionsMax
        self.readConnectionsMax = readConnectionsMax
    }
}

/// Why no transport can be made from the options: a mistake in the configuration.
package enum TransportSetupError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The proxy isn't `http://[USER:PASSWORD@]HOST:PORT`.
    case badProxy
    /// The file of authorities can't be read or holds none.
    case badAuthorities(path: String, reason: String)

    /// One sentence; never the proxy's password.
    package var description: String {
        switch self {
        case .badProxy: "the proxy is not http://[USER:PASSWORD@]HOST:PORT"
        case .badAuthorities(let path, let reason):
            "the authorities in \(EscapedText.quoted(path)) can't be used: \(reason)"
        }
    }
}

extension AsyncHTTPTransportOptions {
    /// What both clients have in common.
    func configuration() throws(TransportSetupError) -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        tls.certificateVerification = .fullVerification
        if let caFile {
            tls.additionalTrustRoots = [.certificates(try Self.authorities(caFile))]
        }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: .milliseconds(connectTimeoutMilliseconds)),
            proxy: try proxy.map(Self.proxy),
            // Nobody asks for compression. Where it comes all the same, a run's id may be in it.
            decompression: .enabled(limit: .size(APIResponse.answerBytesMax)))
        configuration.httpVersion = .http1Only
        configuration.http1_1ConnectionDebugInitializer = StatusGuard.guarding
        // The retry engine is the one layer that repeats anything.
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }

    private static func authorities(
        _ path: String
    ) throws(TransportSetupError) -> [NIOSSLCertificate] {
        let found: [NIOSSLCertificate]
        do {
            found = try NIOSSLCertificate.fromPEMFile(path)
        } catch {
            throw .badAuthorities(
                path: path, reason: EscapedText.bounded("\(error)", bytesMax: 200))
        }
        guard !found.isEmpty else { throw .badAuthorities(path: path, reason: "there are none") }
        return found
    }

    private static func proxy(
        _ secret: Secret
    ) throws(TransportSetupError) -> HTTPClient.Configuration.Proxy {
        let scheme = "http://"
        guard ASCII.lowercased(secret.value).hasPrefix(scheme) else { throw .badProxy }
        let authority = secret.value.dropFirst(scheme.count)
        let at = authority.lastIndex(of: "@")
        let address = at.map { authority[authority.index(after: $0)...] } ?? authority
        guard let (origin, rest) = Origin.split(scheme + address), rest.isEmpty || rest == "/"
        else { throw .badProxy }
        guard let at else { return .server(host: origin.host, port: origin.port) }
        let login = authority[..<at].split(
            separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard login.count == 2, let user = PercentEncoding.decode(login[0]),
            let password = PercentEncoding.decode(login[1])
        else { throw .badProxy }
        return .server(
            host: origin.host, port: origin.port,
            authorization: .basic(username: user, password: password))
    }
}
