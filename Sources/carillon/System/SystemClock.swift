import Engine
import Glibc
import Timetable

/// The real clocks.
///
/// Only this folder reads them.
struct SystemClock: SchedulerClock {
    func now() -> Now {
        Now.atOnce(
            wall: { Instant(milliseconds: Self.milliseconds(CLOCK_REALTIME)) },
            // Goes on during suspend, so that a sleeping machine does not stretch waits.
            monotonicMilliseconds: { Self.milliseconds(CLOCK_BOOTTIME) })
    }

    func sleep(milliseconds: Int64) async {
        try? await Task.sleep(for: .milliseconds(milliseconds))
    }

    func hold(milliseconds: Int64) {
        usleep(UInt32(clamping: milliseconds &* 1000))
    }

    private static func milliseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        // SAFETY: the kernel fills the struct we own; both clocks always exist on Linux.
        _ = unsafe clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
