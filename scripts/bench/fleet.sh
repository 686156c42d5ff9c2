#!/usr/bin/env bash
# What one document costs as the number of agents that ever wrote to it grows, from 1 to 10,000: a write that leaves its
# parents to the service, one that names them, a read, the list of all documents, a write through a stream with its event.
# Starts a network of its own on a free port; takes about half a minute.
#
#   scripts/bench.sh fleet            the table, medians, each beside that of one agent
#   scripts/bench.sh fleet --quick    up to 1,000 agents
#   scripts/bench.sh fleet --help     this text
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

network_bench fleet "$@"
cargo run --quiet --release -p ramanujan-tests --example fleet_costs -- "$@" | show
