#!/usr/bin/env bash
# From a clone to the running network on http://127.0.0.1:3000: gets the Wasm target and the JavaScript of the
# pages, builds the eleven components and the host, starts them. Ctrl-C stops it. The next start builds only what changed.
#
#   scripts/up.sh [OPTIONS OF `ramanujan up`]     for instance: scripts/up.sh --listen 127.0.0.1:8080 --follow
#   scripts/up.sh --build-only                    build, do not start
#   scripts/up.sh --help                          this text and the host's options
#
# State is kept in .ramanujan/ in the clone unless --state-dir says otherwise; delete it to start empty.
# Outside the clone this touches only the Rust toolchain (target wasm32-wasip2, if it is missing), cargo's own
# download cache, and ${RAMANUJAN_CACHE:-~/.cache/ramanujan}.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

listen=127.0.0.1:3000 build_only=0 quiet=0 args=() has_manifest=0 has_state=0 has_reuse=0
previous=''
for arg in "$@"; do
    case "$arg" in
        -h | --help)
            usage "${BASH_SOURCE[0]}"
            if [ -x "$HOST_BIN" ]; then
                printf '\nOptions of the host:\n\n' && "$HOST_BIN" up --help
            else
                printf '\nThe host'"'"'s own options are shown here once it is built (--build-only).\n'
            fi
            exit 0
            ;;
        --build-only) build_only=1; continue ;;
        -q | --quiet) quiet=1 ;;
        --listen=*) listen="${arg#--listen=}" ;;
        -f | -f?* | --manifest | --manifest=*) has_manifest=1 ;;
        --state-dir | --state-dir=*) has_state=1 ;;
        --max-instance-reuse | --max-instance-reuse=*) has_reuse=1 ;;
    esac
    if [ "$previous" = --listen ]; then listen="$arg"; fi
    previous="$arg"
    args+=("$arg")
done

require_toolchain
step "Building (what is up to date is skipped)"
"$ROOT/scripts/build.sh" --brief
if [ "$build_only" = 1 ]; then exit 0; fi

# Relative paths among the options are the caller's, so the folder is not changed: ours are absolute.
if [ "$has_manifest" = 0 ]; then args=(--manifest "$ROOT/spin.toml" "${args[@]}"); fi
if [ "$has_state" = 0 ]; then args=(--state-dir "$ROOT/.ramanujan" "${args[@]}"); fi
# Instances are kept for 128 requests: caches in their memory pay off, a leak cannot grow for long.
if [ "$has_reuse" = 0 ]; then args=(--max-instance-reuse 128 "${args[@]}"); fi

port="${listen##*:}"
address="${listen%:*}"
case "$address" in 0.0.0.0 | '[::]' | '') address=127.0.0.1 ;; esac
url="http://$address:$port"

healthy() {
    local status=''
    { exec 3<>"/dev/tcp/${address//[\[\]]/}/$port"; } 2>/dev/null || return 1
    printf 'GET /.well-known/spin/health HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$address:$port" >&3
    IFS= read -r -t 5 status <&3 || true
    exec 3>&-
    [[ "$status" == *" 200"* ]]
}

# Printed once the network answers, from beside the host: exec keeps signals and exit code the host's own.
hints() {
    local host_pid="$1" tries
    for ((tries = 0; tries < 600; tries++)); do
        kill -0 "$host_pid" 2>/dev/null || return 0
        if healthy; then
            sleep 0.2
            kill -0 "$host_pid" 2>/dev/null || return 0 # another program answered on that port
            cat <<END

The network is up (Ctrl-C stops it).
  Dashboard   $url/dashboard
  E-graphs    $url/egraph/ (in a browser)
  Check it    $ROOT/scripts/verify_deployment.sh $url --deep
  Edit        curl -s $url/stream/red/apply -H 'content-type: application/json' \\
                -d '{"operation":"insert","document_id":"hello","agent_id":"me","position":0,"value":"Hello"}'
  Read        curl -s $url/crdt/hello
  Replay      $HOST_BIN replay --generate 1 --url $url
                two people typing at once; with a recording: replay FILE.json.gz

END
            return 0
        fi
        sleep 0.1
    done
}

step "Starting on $url"
# Where somebody answers already, it would be taken for the host that is only about to start.
if [ "$port" != 0 ] && [ "$quiet" = 0 ] && ! healthy; then (hints "$$" &); fi
exec "$HOST_BIN" up "${args[@]}"
