#!/usr/bin/env bash
# Requests/s of the native host beside `wasmtime serve`: the same hello-world component, the same machine, the same
# reuse of instances, one server at a time, taking turns. Shows the best of the rounds: on a shared machine a slow
# round tells about its neighbours.
#
#   scripts/bench.sh host [--quick] [--seconds N] [--rounds N] [--connections N] [--reuse "1 128"]
#
# --quick: one round of one second.
# Needs wrk (Debian: apt-get install wrk). The peer, wasmtime 48, is built once into
# ${RAMANUJAN_CACHE:-~/.cache/ramanujan}/wasmtime; that takes some minutes.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

seconds=5 rounds=3 connections=16 reuse="1 128"
while [ "$#" -gt 0 ]; do
    case "$1" in
        -h | --help) usage "${BASH_SOURCE[0]}"; exit 0 ;;
        --quick) seconds=1 rounds=1; shift; continue ;;
        --seconds) seconds="$2" ;;
        --rounds) rounds="$2" ;;
        --connections) connections="$2" ;;
        --reuse) reuse="$2" ;;
        *) die "unknown option $1" "See: scripts/bench.sh host --help" ;;
    esac
    shift 2
done

require_toolchain
command -v wrk >/dev/null 2>&1 || die "wrk is not installed" "On Debian: apt-get install wrk"
ensure_wasmtime
peer="$WASMTIME"
step "Building the host and the component"
ensure_figures
(cd "$ROOT" && cargo build --quiet --release -p ramanujan-host \
    && cargo build --quiet --target "$WASM_TARGET" --profile component -p host-test-hello)

work="$(mktemp -d)"
server=''
stop() { if [ -n "$server" ]; then kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true; server=''; fi; }
trap 'stop; rm -rf "$work"' EXIT
cat >"$work/spin.toml" <<END
spin_manifest_version = 2
[application]
name = "bench"
[[trigger.http]]
route = "/..."
component = "hello"
[component.hello]
source = "$CARGO_TARGET_DIR/$WASM_TARGET/component/host_test_hello.wasm"
END

# start NAME REUSE: sets $server and $url.
start() {
    : >"$work/log"
    case "$1" in
        ramanujan)
            "$HOST_BIN" up --quiet --manifest "$work/spin.toml" --state-dir "$work/state" --listen 127.0.0.1:0 \
                --max-instance-reuse "$2" >"$work/log" 2>&1 &
            ;;
        wasmtime)
            "$peer" serve -Scli --addr 127.0.0.1:0 --max-instance-reuse-count "$2" \
                "$CARGO_TARGET_DIR/$WASM_TARGET/component/host_test_hello.wasm" >"$work/log" 2>&1 &
            ;;
    esac
    server=$!
    local tries
    for ((tries = 0; tries < 300; tries++)); do
        url="$(grep -o 'http://127.0.0.1:[0-9]*' "$work/log" | head -n 1 || true)"
        if [ -n "$url" ]; then return 0; fi
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    die "$1 did not start" "$(cat "$work/log")"
}

# measure NAME REUSE: sets $result to "requests/s p50 p99", both in nanoseconds. Not in a subshell: the trap must know the server.
measure() {
    start "$1" "$2"
    wrk -t2 -c"$connections" -d1s "$url/" >/dev/null
    wrk -t2 -c"$connections" -d"${seconds}s" --latency "$url/" >"$work/result"
    stop
    if grep -q 'Non-2xx' "$work/result"; then die "$1 answered with errors" "$(cat "$work/result")"; fi
    result="$(awk 'function ns(t) { return t ~ /us$/ ? t * 1e3 : t ~ /ms$/ ? t * 1e6 : t * 1e9 }
        $1 == "50%" { p50 = ns($2) } $1 == "99%" { p99 = ns($2) } /Requests\/sec/ { printf "%s %.0f %.0f\n", $2, p50, p99 }' "$work/result")"
}

for count in $reuse; do
    declare -A best=()
    for ((round = 1; round <= rounds; round++)); do
        for name in wasmtime ramanujan; do
            note "reuse $count, round $round of $rounds: $name"
            measure "$name" "$count"
            if [ -z "${best[$name]:-}" ] || awk -v a="$result" -v b="${best[$name]}" 'BEGIN {exit !(a + 0 > b + 0)}'; then
                best[$name]="$result"
            fi
        done
    done
    read -r rate p50 p99 <<<"${best[ramanujan]}"
    read -r their_rate their_p50 their_p99 <<<"${best[wasmtime]}"
    row="reuse of instances $count, $connections connections"
    {
        figure "$row" requests/s "$rate" '' 'wasmtime serve 48' "$their_rate"
        figure "$row" p50 "$p50" ns 'wasmtime serve 48' "$their_p50"
        figure "$row" p99 "$p99" ns 'wasmtime serve 48' "$their_p99"
    } >>"$work/figures"
done
show <"$work/figures"
