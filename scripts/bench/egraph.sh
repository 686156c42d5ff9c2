#!/usr/bin/env bash
# ramanujan-egraph and egraph-service beside egg and egglog: the same terms and rules, the same machine, in turns; Markdown
# tables of medians natively, of requests to the built component in the host, and of the libraries inside Wasm.
#
#   scripts/bench.sh egraph [--quick] [--native | --network | --wasm]
#
#   --quick      without the cases that take long, with fewer samples
#   --native     the libraries natively, the routes without a network
#   --network    requests over HTTP to the component in the host, its store in a file; limits of time and of nodes
#   --wasm       the libraries inside Wasm
#   without any of them: all three
#
# Every run reads term and rules anew, saturates and extracts the smallest term, within the same limits; with proofs,
# every union is justified as well. "through the routes" is a request to egraph-service without a network, its memo
# empty; "remembered" the same request again.
# The first run compiles the peers, which takes some minutes; the tables then take about one minute each. The engine,
# wasmtime 48, is built once into ${RAMANUJAN_CACHE:-~/.cache/ramanujan}/wasmtime.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

parts=() options=()
while [ "$#" -gt 0 ]; do
    case "$1" in
        -h | --help) usage "${BASH_SOURCE[0]}"; exit 0 ;;
        --quick) options+=("$1"); shift ;;
        --native | --network | --wasm) parts+=("${1#--}"); shift ;;
        *) die "unknown option $1" "See: scripts/bench.sh egraph --help" ;;
    esac
done
[ "${#parts[@]}" -gt 0 ] || parts=(native network wasm)
wants() { [[ " ${parts[*]} " == *" $1 "* ]]; }
# Longest time of one table: a contestant that does not come to an end does not keep the others' figures back.
LIMIT=600

require_toolchain
ensure_figures
if wants network; then
    "$ROOT/scripts/build.sh" --brief
    export RAMANUJAN_BIN="${RAMANUJAN_BIN:-$HOST_BIN}"
fi
# A workspace of its own, and so a target folder of its own.
export CARGO_TARGET_DIR="$ROOT/target/bench"
if wants native || wants network; then
    step "Building the contestants"
    (cd "$ROOT/benches/egraph" && cargo build --quiet --release)
fi
if wants native; then
    step "Measuring natively"
    # Longest run that counts as one: the routes end at it.
    SATURATION_TIMEOUT_MS=60000 timeout "$LIMIT" "$CARGO_TARGET_DIR/release/egraph-bench" "${options[@]}" | show
fi
if wants network; then
    step "Measuring requests"
    timeout "$LIMIT" "$CARGO_TARGET_DIR/release/egraph-bench" network "${options[@]}" | show
fi
if wants wasm; then
    ensure_wasmtime
    "$ROOT/scripts/wasm-target.sh"
    step "Building the contestants for Wasm"
    # egg reads terms by recursion on their depth, so a deep one needs more than the usual megabyte of stack.
    (cd "$ROOT/benches/egraph" && RUSTFLAGS="${RUSTFLAGS:-} -C link-arg=-zstack-size=67108864" \
        cargo build --quiet --release --target "$WASM_TARGET")
    step "Measuring inside Wasm"
    timeout "$LIMIT" "$WASMTIME" run -W max-wasm-stack=67108864 "$CARGO_TARGET_DIR/$WASM_TARGET/release/egraph-bench.wasm" \
        "${options[@]}" | show
fi
