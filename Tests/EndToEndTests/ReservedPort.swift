// A bare socket; each `unsafe` is a system call that borrows the address or the option we own.
import Foundation
import Glibc

/// A port of loopback at which nobody listens, and that nobody else is given meanwhile.
///
/// It is bound and never listened at. Servers set SO_REUSEADDR, as this does, so that one which is
/// told the number can listen there while it is reserved.
struct ReservedPort {
    let number: Int
    private let descriptor: Int32

    /// Reserves a free port.
    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        var isShared: Int32 = 1
        unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_REUSEADDR, &isShared, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let bound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, length) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard bound else { throw POSIXError(.EADDRNOTAVAIL) }
        number = Int(UInt16(bigEndian: address.sin_port))
    }

    /// Gives the port up.
    func release() { close(descriptor) }
}
