#!/usr/bin/env bash
# What sites say to each other until they hold the same (crates/sync), beside automerge's sync protocol, yrs, loro,
# diamond-types and negentropy: bytes and round trips of real frames, times and peak memory of first copies; and what two
# real sites cost that are written to at once. Markdown tables with ratios; it says which goals are missed.
#
#   scripts/bench.sh sync [PART]... [--quick] [--only NAME]... [RECORDING]...
#
#   PART         library: engines over stores in memory; sites: two hosts under load, the time until a write is at the
#                other, processor time beside one site with the same load that is copied afterwards. Both by default
#   --quick      fewer samples, and nothing that takes minutes (yrs looks positions up linearly)
#   --only NAME  of the library only documents, copies, diverged or spread
#   RECORDING    files of the collection josephg/editing-traces, beside those in the folder RAMANUJAN_DATA
#
# The first run compiles the peers, which takes some minutes.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

parts=() options=() files=()
while [ "$#" -gt 0 ]; do
    case "$1" in
        -h | --help) usage "${BASH_SOURCE[0]}"; exit 0 ;;
        --quick) options+=("$1"); shift ;;
        --only)
            [ "$#" -ge 2 ] || die "$1 needs a value" "See: scripts/bench.sh sync --help"
            options+=("$1" "$2")
            shift 2
            ;;
        -*) die "unknown option $1" "See: scripts/bench.sh sync --help" ;;
        library | sites) parts+=("$1"); shift ;;
        *)
            [ -f "$1" ] || die "$1 is neither a part nor a file" "See: scripts/bench.sh sync --help"
            files+=("$(realpath "$1")")
            shift
            ;;
    esac
done
if [ "${#parts[@]}" -eq 0 ]; then
    case " ${options[*]} " in *' --only '*) parts=(library) ;; *) parts=(library sites) ;; esac
fi

require_toolchain
if [ -d "$DATA" ]; then options+=(--data "$DATA"); fi
if [ -n "${RAMANUJAN_FIGURES:-}" ]; then options+=(--figures "$RAMANUJAN_FIGURES"); fi

library() {
    # A workspace of its own, and so a target folder of its own.
    local target="$ROOT/target/bench"
    step "Building the contestants"
    (cd "$ROOT/benches/sync" && CARGO_TARGET_DIR="$target" cargo build --quiet --release)
    step "Measuring"
    "$target/release/sync-bench" "${options[@]}" "${files[@]}"
}

sites() {
    local quick=()
    case " ${options[*]} " in *' --quick '*) quick=(--quick) ;; esac
    network_bench sync "${quick[@]}"
    step "Building what measures the sites"
    cargo build --quiet --release -p ramanujan-tests --example site_costs
    "$CARGO_TARGET_DIR/release/examples/site_costs" "${quick[@]}" | show
}

for part in "${parts[@]}"; do "$part"; done
