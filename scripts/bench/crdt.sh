#!/usr/bin/env bash
# ramanujan-crdt beside automerge, yrs, loro, diamond-types and crdts: the same traces, the same machine, in turns, natively
# and inside Wasm; one Markdown table of medians and ratios. It says which goals are missed.
#
#   scripts/bench.sh crdt [--quick] [--native] [--skip NAME]... [--only TEXT]... [--seed N] [RECORDING]...
#
#   --quick      fewer samples, and nothing that takes minutes (yrs looks positions up linearly)
#   --native     not inside Wasm
#   --skip NAME  leave a contestant out, e.g. --skip yrs
#   --only TEXT  only traces and types with this in their name
#   RECORDING    files of the collection josephg/editing-traces, beside those in the folder RAMANUJAN_DATA
#
# The first run compiles the peers, which takes some minutes; so does yrs on a long trace, once natively and once inside Wasm.
# The engine, wasmtime 48, is built once into ${RAMANUJAN_CACHE:-~/.cache/ramanujan}/wasmtime.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

native=false options=() files=()
while [ "$#" -gt 0 ]; do
    case "$1" in
        -h | --help) usage "${BASH_SOURCE[0]}"; exit 0 ;;
        --quick) options+=("$1"); shift ;;
        --native) native=true; shift ;;
        --skip | --only | --seed)
            [ "$#" -ge 2 ] || die "$1 needs a value" "See: scripts/bench.sh crdt --help"
            options+=("$1" "$2")
            shift 2
            ;;
        -*) die "unknown option $1" "See: scripts/bench.sh crdt --help" ;;
        *)
            [ -f "$1" ] || die "$1 is not a file"
            files+=("$(realpath "$1")")
            shift
            ;;
    esac
done

require_toolchain
# A workspace of its own, and so a target folder of its own.
export CARGO_TARGET_DIR="$ROOT/target/bench"
# Inside Wasm only folders that are named are visible, under the same path.
folders=()
if [ -d "$DATA" ]; then
    options+=(--data "$DATA")
    folders+=(--dir "$DATA::$DATA")
fi
for file in "${files[@]}"; do folders+=(--dir "$(dirname "$file")::$(dirname "$file")"); done

step "Building the contestants"
(cd "$ROOT/benches/crdt" && cargo build --quiet --release)
bench="$CARGO_TARGET_DIR/release/crdt-bench"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
step "Measuring natively"
"$bench" run --json "${options[@]}" "${files[@]}" >"$work/native.json"
results=("$work/native.json")
if ! "$native"; then
    ensure_wasmtime
    "$ROOT/scripts/wasm-target.sh"
    step "Building the contestants for Wasm"
    (cd "$ROOT/benches/crdt" && cargo build --quiet --release --target "$WASM_TARGET")
    step "Measuring inside Wasm"
    "$WASMTIME" run "${folders[@]}" "$CARGO_TARGET_DIR/$WASM_TARGET/release/crdt-bench.wasm" \
        run --json "${options[@]}" "${files[@]}" >"$work/wasm.json"
    results+=("$work/wasm.json")
fi
"$bench" table "${results[@]}"
if [ -n "${RAMANUJAN_FIGURES:-}" ]; then "$bench" table --figures "${results[@]}" >>"$RAMANUJAN_FIGURES"; fi
