#!/usr/bin/env bash
# Installs what is missing of the groups in packages.txt, and nothing else.
#
# usage: scripts/install.sh GROUP...        for example: scripts/install.sh build test
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
list=$here/packages.txt
policy=/usr/sbin/policy-rc.d

say() { printf 'install: %s\n' "$*" >&2; }
die() {
    say "$*"
    exit 2
}

# Prints "package proof" for each package of the groups asked for.
wanted() {
    local group package proof
    while read -r group package proof; do
        case " $* " in
        *" $group "*) printf '%s %s\n' "$package" "${proof:-dpkg}" ;;
        esac
    done < <(grep -v '^#' "$list")
}

known_group() { grep -v '^#' "$list" | cut -d' ' -f1 | grep -qxF -- "$1"; }

# One dpkg-query for all packages: a call for each would take longer than all the rest.
installed=
read_installed() {
    command -v dpkg-query >/dev/null || return 0
    installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null) || true
}

is_there() { # package proof
    case $2 in
    command:*) PATH=$PATH:/usr/sbin:/sbin command -v "${2#command:}" >/dev/null ;;
    file:*) [ -e "${2#file:}" ] ;;
    dpkg) grep -qxF "$1 installed" <<<"$installed" ;;
    *) die "$list: $1: unknown proof '$2'; use command:NAME or file:PATH" ;;
    esac
}

find_missing() {
    local packages package proof
    packages=$(wanted "$@")
    # shellcheck disable=SC2046 # one word for each package
    read_installed $(cut -d' ' -f1 <<<"$packages")
    missing=()
    while read -r package proof; do
        is_there "$package" "$proof" || missing+=("$package")
    done <<<"$packages"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

# nginx would start as a service when it is installed; the tests only want the program.
forbid_services() {
    [ ! -e "$policy" ] || return 0
    trap 'as_root rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
}

[ $# -gt 0 ] || die "which group? usage: scripts/install.sh build|test..."
for group in "$@"; do
    known_group "$group" || die "$group: no such group in $list"
done

find_missing "$@"
[ ${#missing[@]} -gt 0 ] || exit 0

command -v apt-get >/dev/null ||
    die "this system has no apt-get; install the equivalents of: ${missing[*]}"
if [ "$(id -u)" -ne 0 ]; then
    by_hand="as root run: apt-get install ${missing[*]}"
    command -v sudo >/dev/null || die "not root, and there is no sudo; $by_hand"
    sudo -n true 2>/dev/null ||
        die "not root, and sudo asks for a password; run 'sudo -v' before, or $by_hand"
fi

say "installing ${missing[*]}"
forbid_services
as_root apt-get update -qq >&2 || die "'apt-get update' failed, see above"
as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 \
    install --no-install-recommends "${missing[@]}" >&2 || die "'apt-get install' failed, see above"

find_missing "$@"
[ ${#missing[@]} -eq 0 ] || die "still missing: ${missing[*]}"
