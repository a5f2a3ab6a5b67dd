import Crypto
import FoundationEssentials
package import Timetable

/// Signs webhooks as https://www.standardwebhooks.com has it: HMAC-SHA256 over id, time and body.
package enum WebhookSignature {
    /// The headers of a signed request.
    ///
    /// - Parameters:
    ///   - id: of the message.
    ///   - body: exactly what is sent.
    ///   - key: the secret; behind `whsec_` it is base64.
    ///   - now: when it is sent, so that a receiver may refuse what is old.
    /// - Returns: `webhook-id`, `webhook-timestamp` and, with a key, `webhook-signature`.
    package static func headers(
        id: String, body: [UInt8], key: String?, now: Instant
    ) -> [(name: String, value: String)] {
        var headers = [("webhook-id", id), ("webhook-timestamp", "\(now.seconds)")]
        guard let key else { return headers }
        let signed = Array("\(id).\(now.seconds).".utf8) + body
        let code = HMAC<SHA256>.authenticationCode(
            for: signed, using: SymmetricKey(data: bytes(of: key)))
        headers.append(("webhook-signature", "v1,\(Data(code).base64EncodedString())"))
        return headers
    }

    private static func bytes(of key: String) -> [UInt8] {
        let prefix = "whsec_"
        guard key.hasPrefix(prefix), let decoded = Data(base64Encoded: String(key.dropFirst(6)))
        else { return Array(key.utf8) }
        return Array(decoded)
    }
}
