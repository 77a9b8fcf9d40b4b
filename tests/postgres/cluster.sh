#!/usr/bin/env bash
# A throw-away PostgreSQL for the tests, on a Unix socket in a folder of its own.
#
#   cluster.sh start FOLDER         makes and starts it; prints its URL
#   cluster.sh start FOLDER PORT    the same, and takes TLS connections to localhost at that port; FOLDER/server.crt
#                                   is its certificate, FOLDER/stranger.crt that of nobody
#   cluster.sh stop FOLDER          stops it and removes the folder
#
# It takes the newest server under /usr/lib/postgresql, and installs Debian's package if there is none. The server
# runs as an unprivileged user and does not wait for the disk: what is tested is what we store, not the disk.
set -euo pipefail

folder=${2:?usage: cluster.sh start|stop FOLDER [PORT]}
port=${3:-}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# PostgreSQL refuses to run as root.
as_owner() {
    if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

programs() {
    local found
    found=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
    if [ -n "$found" ] && [ -x "$found/initdb" ]; then
        echo "$found"
    elif command -v initdb >/dev/null; then
        dirname "$(command -v initdb)"
    fi
}

install_server() {
    command -v apt-get >/dev/null || {
        echo "PostgreSQL is missing: install its server programs (initdb, pg_ctl) and run this again" >&2
        exit 1
    }
    echo "installing PostgreSQL for the tests" >&2
    # No cluster of Debian's own: ours lives and dies with the tests.
    as_root mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] ||
        echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
    { as_root apt-get update && as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends postgresql; } >&2
}

# A certificate for localhost that is signed by itself.
certificate() {
    as_owner openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost -keyout "$folder/$1.key" -out "$folder/$1.crt"
}

start() {
    [ -n "$(programs)" ] || install_server
    local bin
    bin=$(programs)
    local network="-c listen_addresses="
    mkdir -p "$folder"
    if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
    {
        as_owner "$bin/initdb" -D "$folder/data" -U antiphon -A trust -E UTF8 --locale=C --no-sync
        if [ -n "$port" ]; then
            certificate server && certificate stranger
            network="-p $port -c listen_addresses=127.0.0.1 -c ssl=on \
                -c ssl_cert_file=$folder/server.crt -c ssl_key_file=$folder/server.key"
        fi
        as_owner "$bin/pg_ctl" start -w -D "$folder/data" -l "$folder/log" -o "-k $folder $network \
            -c fsync=off -c full_page_writes=off -c max_connections=200 -c shared_buffers=64MB"
    } >"$folder.out" 2>&1 || { cat "$folder.out" "$folder/log" >&2; exit 1; }
    rm -f "$folder.out"
    echo "postgres://antiphon@localhost/postgres?host=$folder"
}

stop() {
    as_owner "$(programs)/pg_ctl" stop -m immediate -D "$folder/data" >/dev/null || true
    rm -rf "$folder"
}

case ${1:-} in
start) start ;;
stop) stop ;;
*) echo "usage: cluster.sh start|stop FOLDER [PORT]" >&2; exit 2 ;;
esac
