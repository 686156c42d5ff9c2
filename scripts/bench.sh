#!/usr/bin/env bash
# Measures parts of the network and prints tables. Figures are shown, never asserted: they depend on the machine.
#
#   scripts/bench.sh crdt [OPTIONS]     our CRDTs beside automerge, yrs, loro, diamond-types, crdts; native and in Wasm
#   scripts/bench.sh sync [OPTIONS]     exchanges between sites beside automerge, yrs, loro, diamond-types, negentropy
#   scripts/bench.sh egraph [OPTIONS]   equality saturation beside egg and egglog; native, in Wasm and over HTTP
#   scripts/bench.sh host [OPTIONS]     requests/s of the native host beside `wasmtime serve`
#   scripts/bench.sh timeline           events/s appended durably, beside plain SQLite and JetStream
#   scripts/bench.sh timeline-reads     causal queries, walks and exports of 1,000,000 events
#   scripts/bench.sh service            what requests to crdt-service cost end to end
#   scripts/bench.sh fleet [PART]...    loads, text writes beside hocuspocus, automerge-repo and y-websocket, a crash, …
#   scripts/bench.sh verification       nearest neighbours in memory, natively and in Wasm; end to end over HTTP
#   scripts/bench.sh <name> --help      the options of one benchmark; each has --quick: less of everything
#
#   scripts/bench.sh all [--quick] [--only NAME]... [--out FILE]
#                                       all of them, or those named; one JSON of all figures with the revision and the
#                                       machine, in FILE (target/bench/figures.json)
#   scripts/bench.sh figures [FILE]     the tables of docs/figures.md, made anew from such a JSON
#   scripts/bench.sh --help             this text
#
# Each benchmark is a script in scripts/bench/. It measures us and the peers in one run, with the same payload, the same
# number of connections and the same durability.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

names=()
for file in "$ROOT"/scripts/bench/*.sh; do names+=("$(basename "$file" .sh)"); done
# is_benchmark NAME
is_benchmark() { [[ " ${names[*]} " == *" $1 "* ]] || die "there is no benchmark $1" "Known: ${names[*]}"; }

# all [--quick] [--only NAME]... [--out FILE]
all() {
    local chosen=() options=() quick=false out="$CARGO_TARGET_DIR/bench/figures.json" name work runs=() failed=()
    while [ "$#" -gt 0 ]; do
        case "$1" in
            --quick) quick=true options=(--quick); shift ;;
            --only | --out)
                [ "$#" -ge 2 ] || die "$1 needs a value" "See: scripts/bench.sh --help"
                if [ "$1" = --out ]; then out="$2"; else is_benchmark "$2"; chosen+=("$2"); fi
                shift 2
                ;;
            *) die "unknown option $1" "See: scripts/bench.sh --help" ;;
        esac
    done
    if [ "${#chosen[@]}" -eq 0 ]; then chosen=("${names[@]}"); fi
    require_toolchain
    ensure_figures
    work="$(mktemp -d)"
    # shellcheck disable=SC2064  # the folder of now
    trap "rm -rf '$work'" EXIT
    RAMANUJAN_LOAD="$(cut -d' ' -f1 /proc/loadavg)"
    export RAMANUJAN_LOAD
    for name in "${chosen[@]}"; do
        step "scripts/bench.sh $name ${options[*]}"
        : >"$work/$name"
        if RAMANUJAN_FIGURES="$work/$name" "$ROOT/scripts/bench/$name.sh" "${options[@]}" && [ -s "$work/$name" ]; then
            runs+=("$name=scripts/bench.sh $name${options[*]:+ ${options[*]}}=$work/$name")
        else
            failed+=("$name")
        fi
    done
    mkdir -p "$(dirname "$out")"
    (cd "$ROOT" && "$FIGURES" report "$quick" "${runs[@]}") >"$out.new"
    mv "$out.new" "$out"
    note "the figures are in $out"
    if [ "${#failed[@]}" -gt 0 ]; then die "without figures: ${failed[*]}"; fi
}

case "${1:-}" in
    -h | --help) usage "${BASH_SOURCE[0]}"; exit 0 ;;
    '') usage "${BASH_SOURCE[0]}" >&2; exit 2 ;;
    all) shift; all "$@" ;;
    figures)
        require_toolchain
        ensure_figures
        report="${2:-$CARGO_TARGET_DIR/bench/figures.json}"
        [ -f "$report" ] || die "$report is not there" "Make it with: scripts/bench.sh all --quick"
        "$FIGURES" write "$report" "$ROOT/docs/figures.md"
        ;;
    *)
        is_benchmark "$1"
        benchmark="$ROOT/scripts/bench/$1.sh"
        shift
        exec "$benchmark" "$@"
        ;;
esac
