#!/usr/bin/env bash
# The search for nearest neighbours in 100,000 vectors of 512 components: in memory, natively and inside Wasm; and end
# to end over HTTP, stored in blocks and read page by page, with what an analysis against them costs. Starts a network
# of its own on a free port; takes about a minute.
#
#   scripts/bench.sh verification            both tables
#   scripts/bench.sh verification --memory   only what is in memory
#   scripts/bench.sh verification --help     this text
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

memory_only=false
case "${1:-}" in
    '') ;;
    --memory) memory_only=true ;;
    -h | --help) usage "${BASH_SOURCE[0]}"; exit 0 ;;
    *) die "unknown option $1" "See: scripts/bench.sh verification --help" ;;
esac

require_toolchain
ensure_wasmtime
"$ROOT/scripts/wasm-target.sh"
cd "$ROOT"
step "Building the search, natively and for Wasm"
# The profile of the components on both sides, so that the ratio compares machines and not compilers' settings.
cargo build --quiet --profile component -p ramanujan-verification --example search
cargo build --quiet --profile component -p ramanujan-verification --example search --target "$WASM_TARGET"
native=("$CARGO_TARGET_DIR/component/examples/search")
wasm=("$WASMTIME" run "$CARGO_TARGET_DIR/$WASM_TARGET/component/examples/search.wasm")
step "Measuring in memory"
printf '| | kernel alone, ms | 10 nearest, ms | plain f64 scan, ms |\n|---|---:|---:|---:|\n'
read -r -a n < <("${native[@]}")
read -r -a w < <("${wasm[@]}")
printf '| native | %s | %s | %s |\n| Wasm | %s | %s | %s |\n' "${n[@]}" "${w[@]}"
awk -v n="${n[*]}" -v w="${w[*]}" 'BEGIN { split(n, a); split(w, b);
    printf "| Wasm ÷ native | %.2f | %.2f | %.2f |\n", b[1] / a[1], b[2] / a[2], b[3] / a[3] }'
if "$memory_only"; then exit 0; fi

"$ROOT/scripts/build.sh" --brief
export RAMANUJAN_BIN="${RAMANUJAN_BIN:-$HOST_BIN}"
step "Measuring over HTTP"
cargo run --quiet --release -p ramanujan-tests --example verification_costs
