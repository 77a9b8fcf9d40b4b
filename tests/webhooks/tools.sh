#!/usr/bin/env bash
# Sees to it that the published Standard Webhooks library for Python is there for the tests (tests/it/webhooks): in a
# virtual environment of its own below target/. What is missing on the machine is installed from Debian's packages.
set -euo pipefail
cd "$(dirname "$0")/../.."

place=target/webhooks-python
[ -x $place/bin/python ] && $place/bin/python -c 'import standardwebhooks' 2>/dev/null && exit 0

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

mkdir -p target
rm -rf $place
# Debian has venv in a package of its own, without which `python3 -m venv` fails.
python3 -m venv $place 2>/dev/null || {
    command -v apt-get >/dev/null || {
        echo "missing: python3 with venv; install it and run this again" >&2
        exit 1
    }
    echo "installing for the tests: python3-venv" >&2
    {
        as_root apt-get update
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3 python3-venv
    } >&2
    rm -rf $place
    python3 -m venv $place
}
$place/bin/pip install --quiet --disable-pip-version-check standardwebhooks==1.1.0 >&2
