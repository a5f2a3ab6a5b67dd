#!/usr/bin/env bash
# Boots a real systemd (PID 1 of a throw-away container over this machine's own files), runs a test
# script in it as a service, prints what the script wrote and ends with its exit status.
#
#   scripts/systemd-boot.sh [-c HOSTPATH:CONTAINERPATH]… [-t SECONDS] TEST_SCRIPT
#
#   -c  copy a file or folder into the container before the boot (repeatable)
#   -t  limit for boot and test together (default 120)
#
# Needs root, systemd, systemd-container and dbus. The container has its own loopback and no other
# network; its changes live in a tmpfs and are gone afterwards.
set -euo pipefail
copies=() limit=120
while getopts c:t: option; do
    case $option in
    c) copies+=("$OPTARG") ;;
    t) limit=$OPTARG ;;
    *) exit 64 ;;
    esac
done
shift $((OPTIND - 1))
test_script=${1:?a test script}

work=$(mktemp -d /tmp/systemd-boot.XXXXXX)
root=$work/root
cleanup() {
    set +e
    umount -l "$root" 2>/dev/null
    umount -l "$work/tmpfs" 2>/dev/null
    # With --keep-unit nspawn leaves its two groups behind.
    for group in /sys/fs/cgroup/{,systemd/,unified/}{payload,supervisor}; do
        [ -d "$group" ] && find "$group" -depth -type d -exec rmdir {} + 2>/dev/null
    done
    rm -rf --one-file-system "$work"
}
trap cleanup EXIT

mkdir "$root" "$work/tmpfs"
mount -t tmpfs -o size=1g,mode=755 tmpfs "$work/tmpfs"
mkdir "$work/tmpfs/upper" "$work/tmpfs/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$work/tmpfs/upper,workdir=$work/tmpfs/work" "$root"
: >"$root/etc/machine-id"
mkdir -p "$root/boot-test"
for copy in ${copies[@]+"${copies[@]}"}; do
    mkdir -p "$(dirname "$root${copy#*:}")"
    cp -a "${copy%%:*}" "$root${copy#*:}"
done
install -m755 "$test_script" "$root/boot-test/test"
cat >"$root/etc/systemd/system/boot-test.target" <<'UNIT'
[Unit]
Requires=basic.target
After=basic.target
Wants=boot-test.service dbus.service systemd-journald.service
AllowIsolate=yes
UNIT
cat >"$root/etc/systemd/system/boot-test.service" <<'UNIT'
[Unit]
After=basic.target dbus.service
[Service]
Type=oneshot
TimeoutStartSec=infinity
# The test's exit status becomes the container's.
ExecStart=/bin/sh -c '/boot-test/test >/boot-test/out 2>&1; echo $? >/boot-test/status; systemctl --no-block exit $(cat /boot-test/status)'
UNIT
for unit in getty@ console-getty serial-getty@ systemd-logind systemd-networkd systemd-resolved systemd-timesyncd; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit.service"
done

set +e
# A pure cgroup v2 tree: with the host's hybrid one a stop was noticed only after 90 s.
SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 timeout -k 5 "$limit" systemd-nspawn --quiet -D "$root" \
    --machine="boot-test-$$" --register=no --keep-unit --private-network --console=pipe --resolv-conf=off \
    --timezone=off --link-journal=no -b systemd.unit=boot-test.target systemd.show_status=no \
    </dev/null >"$work/console" 2>&1
nspawn_status=$?
cat "$root/boot-test/out" 2>/dev/null
if [ ! -s "$root/boot-test/status" ]; then
    echo "the container did not finish (systemd-nspawn: $nspawn_status); its console:"
    tail -40 "$work/console"
    exit 70
fi
exit "$(cat "$root/boot-test/status")"
