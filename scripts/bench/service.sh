#!/usr/bin/env bash
# What requests to crdt-service cost end to end: a write to an empty text and to one of 260,000 operations, reading
# that text, merging two OR-sets of 48 elements. Starts a network of its own on a free port; takes about a minute.
#
#   scripts/bench.sh service            the table, medians of interleaved requests
#   scripts/bench.sh service --quick    a text of 20,000 operations, fewer requests
#   scripts/bench.sh service --help     this text
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

network_bench service "$@"
cargo run --quiet --release -p ramanujan-tests --example service_costs -- "$@" | show
