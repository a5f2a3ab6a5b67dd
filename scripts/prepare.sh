# Sourced by scripts/test, scripts/demo and .ci/run: finds the Swift toolchain, installs what a bare
# Debian 12 or Ubuntu 24.04 lacks, and goes to the repository's top folder.
# shellcheck shell=bash

# shellcheck disable=SC2034 # scripts/demo uses it
called_from=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
exec </dev/null # nothing here ever asks a question

say() { printf '\n== %s\n' "$*" >&2; }
die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# install_missing PACKAGE…: installs the packages; the lists are fetched once, and only if needed.
apt_lists_fetched=no
install_missing() {
    [ $# -gt 0 ] || return 0
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "these packages are missing, and we are neither root nor have sudo: $*"
        as_root=(sudo -n)
    fi
    command -v apt-get >/dev/null || die "these packages are missing, and there is no apt-get: $*"
    say "installing $*"
    if [ "$apt_lists_fetched" = no ]; then
        "${as_root[@]}" apt-get update -qq || die "apt-get update failed; still missing: $*"
        apt_lists_fetched=yes
    fi
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" >&2 || die "apt-get could not install: $*"
}

# What is there is judged by the file that is needed, not by package names: those differ by release.
missing_for_build() {
    compgen -G '/usr/include/sqlite3.h' >/dev/null || echo libsqlite3-dev
    compgen -G '/usr/include/zlib.h' >/dev/null || echo zlib1g-dev
    compgen -G '/usr/include/c++/*/string' >/dev/null || echo g++ # TOMLKit is C++ inside
    [ -e /usr/include/stdio.h ] || echo libc6-dev
    [ -e /usr/share/zoneinfo/America/New_York ] || echo tzdata
    [ -e /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
    command -v sqlite3 >/dev/null || echo sqlite3
    command -v git >/dev/null || echo git
    command -v ld >/dev/null || echo binutils
}

prepare_build() {
    command -v swift >/dev/null || PATH="$PATH:/opt/swift/usr/bin"
    command -v swift >/dev/null || die "no Swift toolchain: put 'swift' (6.3 or later) into PATH or under /opt/swift; see https://www.swift.org/install/linux/"
    local missing
    mapfile -t missing < <(missing_for_build)
    install_missing "${missing[@]}"
    # The toolchain's own shared libraries (those that swift.org lists for Debian 12).
    if ! { swift --version && swift package --version; } >/dev/null 2>&1; then
        install_missing libcurl4-openssl-dev libedit2 libncurses6 libpython3-dev libxml2-dev
    fi
    swift --version >/dev/null 2>&1 || die "the Swift toolchain at $(command -v swift) does not run"
}
