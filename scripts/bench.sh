#!/usr/bin/env bash
# Measures parts of the network and prints tables. Figures are shown, never asserted: they depend on the machine.
#
#   scripts/bench.sh crdt [OPTIONS]     our CRDTs beside automerge, yrs, loro, diamond-types, crdts; native and in Wasm
#   scripts/bench.sh egraph [OPTIONS]   equality saturation beside egg and egglog; native and in Wasm
#   scripts/bench.sh host [OPTIONS]     requests/s of the native host beside `wasmtime serve`
#   scripts/bench.sh timeline           events/s appended durably, beside plain SQLite and JetStream
#   scripts/bench.sh timeline-reads     causal queries, walks and exports of 1,000,000 events
#   scripts/bench.sh service            what requests to crdt-service cost end to end
#   scripts/bench.sh verification       nearest neighbours in memory, natively and in Wasm; end to end over HTTP
#   scripts/bench.sh <name> --help      the options of one benchmark
#   scripts/bench.sh --help             this text
#
# Each benchmark is a script in scripts/bench/.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

case "${1:-}" in
    -h | --help) usage "${BASH_SOURCE[0]}"; exit 0 ;;
    '') usage "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac
benchmark="$ROOT/scripts/bench/$1.sh"
[ -x "$benchmark" ] || die "there is no benchmark $1" "Known: $(cd "$ROOT/scripts/bench" && echo *.sh | sed 's/\.sh//g')"
shift
exec "$benchmark" "$@"
