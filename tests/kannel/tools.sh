#!/usr/bin/env bash
# Sees to it that the machine has Kannel (bearerbox, smsbox) and Python for the tests; what is missing is installed from
# Debian's packages. Kannel's own service is neither started nor left to start with the machine: the tests run boxes of
# their own (tests/it/support/kannel.rs).
set -euo pipefail
export PATH="$PATH:/usr/sbin"

missing=()
command -v bearerbox >/dev/null && command -v smsbox >/dev/null || missing+=(kannel)
command -v python3 >/dev/null || missing+=(python3)
[ ${#missing[@]} = 0 ] && exit 0

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

command -v apt-get >/dev/null || {
    echo "missing: ${missing[*]}; install it and run this again" >&2
    exit 1
}
echo "installing for the tests: ${missing[*]}" >&2

# Debian asks this file whether a package may start its service; 101 = no.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    trap 'as_root rm -f $policy' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
    as_root chmod +x $policy
fi
{
    as_root apt-get update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
    case " ${missing[*]} " in *" kannel "*) as_root update-rc.d kannel disable ;; esac
} >&2
