#!/usr/bin/env bash
# A throw-away PostgreSQL for the tests and the benchmarks, on a Unix socket in a folder of its own.
#
#   cluster.sh start FOLDER            makes and starts it; prints its URL
#   cluster.sh start FOLDER PORT       the same, and takes TLS connections to localhost at that port; FOLDER/server.crt
#                                      is its certificate, FOLDER/stranger.crt that of nobody
#   cluster.sh start FOLDER durable    waits for the disk, and has memory as an operator would give it
#   cluster.sh kill FOLDER             ends it as a crash would
#   cluster.sh revive FOLDER           starts it again
#   cluster.sh stop FOLDER             stops it and removes the folder
#   cluster.sh programs                prints where PostgreSQL's programs are
#   cluster.sh tools                   installs what OpenSSL's build and the certificates of the tests need
#
# It takes the newest server under /usr/lib/postgresql, and installs Debian's package if there is none. The server
# runs as an unprivileged user. Unless it is durable it does not wait for the disk: what is tested is what we store,
# not the disk.
set -euo pipefail

usage="usage: cluster.sh start FOLDER [PORT|durable] | kill FOLDER | revive FOLDER | stop FOLDER | programs | tools"
[ "${1:-}" = programs ] || [ "${1:-}" = tools ] || folder=${2:?$usage}

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

# Installs Debian's packages.
install() {
    command -v apt-get >/dev/null || {
        echo "missing: $*; install it and run this again" >&2
        exit 1
    }
    echo "installing for the tests: $*" >&2
    { as_root apt-get update && as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "$@"; } >&2
}

tools() {
    local missing=()
    command -v make >/dev/null || missing+=(make)
    command -v openssl >/dev/null || missing+=(openssl)
    perl -MFindBin -MIPC::Cmd -MFile::Compare -e 1 2>/dev/null || missing+=(perl)
    [ ${#missing[@]} = 0 ] || install "${missing[@]}"
}

install_server() {
    # No cluster of Debian's own: ours lives and dies with the tests.
    as_root mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] ||
        echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
    install postgresql
}

# A certificate for localhost that is signed by itself.
certificate() {
    as_owner openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost -keyout "$folder/$1.key" -out "$folder/$1.crt"
}

settings() {
    echo "unix_socket_directories = '$folder'"
    echo "max_connections = 200"
    case $1 in
    durable) printf '%s\n' "listen_addresses = ''" "shared_buffers = 512MB" "max_wal_size = 4GB" ;;
    *) printf '%s\n' "fsync = off" "full_page_writes = off" "shared_buffers = 64MB" ;;
    esac
    case $1 in
    "") echo "listen_addresses = ''" ;;
    durable) ;;
    *) printf '%s\n' "port = $1" "listen_addresses = '127.0.0.1'" "ssl = on" \
        "ssl_cert_file = '$folder/server.crt'" "ssl_key_file = '$folder/server.key'" ;;
    esac
}

run_server() {
    as_owner "$(programs)/pg_ctl" start -w -D "$folder/data" -l "$folder/log"
}

start() {
    [ -n "$(programs)" ] || install_server
    mkdir -p "$folder"
    if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
    {
        as_owner "$(programs)/initdb" -D "$folder/data" -U antiphon -A trust -E UTF8 --locale=C --no-sync
        case $1 in "" | durable) ;; *) certificate server && certificate stranger ;; esac
        settings "$1" | as_owner tee -a "$folder/data/postgresql.conf"
        run_server
    } >"$folder.out" 2>&1 || { cat "$folder.out" "$folder/log" >&2; exit 1; }
    rm -f "$folder.out"
    echo "postgres://antiphon@localhost/postgres?host=$folder"
}

crash() {
    as_owner "$(programs)/pg_ctl" stop -m immediate -D "$folder/data" >/dev/null
}

stop() {
    crash || true
    rm -rf "$folder"
}

case ${1:-} in
start) start "${3:-}" ;;
kill) crash ;;
revive) run_server >/dev/null ;;
stop) stop ;;
programs) programs ;;
tools) tools ;;
*) echo "$usage" >&2; exit 2 ;;
esac
