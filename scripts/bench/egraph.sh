#!/usr/bin/env bash
# ramanujan-egraph and egraph-service beside egg and egglog: the same terms and rules, the same machine, in turns; one
# Markdown table of medians natively, and one inside Wasm.
#
#   scripts/bench.sh egraph [--native]
#
#   --native     not inside Wasm
#
# Every run reads term and rules anew, saturates and extracts the smallest term; with proofs, every union is justified
# as well. "routes" is a request to egraph-service without a network, its memo empty; "memo hit" the same request again.
# The first run compiles the peers, which takes some minutes. The engine, wasmtime 48, is built once into
# ${RAMANUJAN_CACHE:-~/.cache/ramanujan}/wasmtime.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

native=false
while [ "$#" -gt 0 ]; do
    case "$1" in
        -h | --help) usage "${BASH_SOURCE[0]}"; exit 0 ;;
        --native) native=true; shift ;;
        *) die "unknown option $1" "See: scripts/bench.sh egraph --help" ;;
    esac
done

require_toolchain
# A workspace of its own, and so a target folder of its own.
export CARGO_TARGET_DIR="$ROOT/target/bench"
# Longest run that counts as one: the routes end at it.
export SATURATION_TIMEOUT_MS=60000

step "Building the contestants"
(cd "$ROOT/benches/egraph" && cargo build --quiet --release)
step "Measuring natively"
"$CARGO_TARGET_DIR/release/egraph-bench"
if ! "$native"; then
    ensure_wasmtime
    "$ROOT/scripts/wasm-target.sh"
    step "Building the contestants for Wasm"
    (cd "$ROOT/benches/egraph" && cargo build --quiet --release --target "$WASM_TARGET")
    step "Measuring inside Wasm"
    "$WASMTIME" run "$CARGO_TARGET_DIR/$WASM_TARGET/release/egraph-bench.wasm"
fi
