#!/usr/bin/env bash
# The search for nearest neighbours in 100,000 vectors of 512 components: in memory, natively and inside Wasm; and end
# to end over HTTP, stored in blocks and read page by page, with what an analysis against them costs. Starts a network
# of its own on a free port; takes about a minute.
#
#   scripts/bench.sh verification            both tables
#   scripts/bench.sh verification --memory   only what is in memory
#   scripts/bench.sh verification --quick    10,000 vectors, fewer requests
#   scripts/bench.sh verification --help     this text
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

memory_only=false vectors=100000
for option in "$@"; do
    case "$option" in
        --memory) memory_only=true ;;
        --quick) vectors=10000 ;;
        -h | --help) usage "${BASH_SOURCE[0]}"; exit 0 ;;
        *) die "unknown option $option" "See: scripts/bench.sh verification --help" ;;
    esac
done

require_toolchain
ensure_wasmtime
"$ROOT/scripts/wasm-target.sh"
cd "$ROOT"
ensure_figures
step "Building the search, natively and for Wasm"
# The profile of the components on both sides, so that the ratio compares machines and not compilers' settings.
cargo build --quiet --profile component -p ramanujan-verification --example search
cargo build --quiet --profile component -p ramanujan-verification --example search --target "$WASM_TARGET"
native=("$CARGO_TARGET_DIR/component/examples/search")
wasm=("$WASMTIME" run "$CARGO_TARGET_DIR/$WASM_TARGET/component/examples/search.wasm")
step "Measuring in memory"
read -r -a n < <("${native[@]}" "$vectors")
read -r -a w < <("${wasm[@]}" "$vectors")
rows=("the kernel alone" "the 10 nearest" "a plain scan in f64")
for at in 0 1 2; do
    row="${rows[$at]}, $vectors vectors of 512 in memory"
    figure "$row" native "${n[$at]}" ms
    figure "$row" Wasm "${w[$at]}" ms native "${n[$at]}"
done | show
if "$memory_only"; then exit 0; fi

"$ROOT/scripts/build.sh" --brief
export RAMANUJAN_BIN="${RAMANUJAN_BIN:-$HOST_BIN}"
step "Measuring over HTTP"
cargo run --quiet --release -p ramanujan-tests --example verification_costs -- "$vectors" | show
