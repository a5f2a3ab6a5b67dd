import NIOCore
import NIOHTTP1

/// Turns away what the client library can't bear: a status line below 100.
///
/// AsyncHTTPClient takes it for an interim answer and waits for the real one, while the parser
/// below it says that this was it: a precondition ends the whole process.
final class StatusGuard: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart

    /// What was answered in place of a status.
    struct NoStatus: Error, CustomStringConvertible {
        let code: UInt
        var description: String { "its status line says \(code), which is no HTTP status" }
    }

    private var isClosing = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        if case .head(let head) = Self.unwrapInboundIn(data), head.status.code < 100 {
            isClosing = true
            context.fireErrorCaught(NoStatus(code: head.status.code))
            context.close(promise: nil)
            return
        }
        context.fireChannelRead(data)
    }

    /// Stands right behind the parser of a new connection.
    @Sendable static func guarding(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            let parser = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
            try pipeline.addHandler(StatusGuard(), position: .after(parser))
        }
    }
}
