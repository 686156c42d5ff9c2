#!/usr/bin/env bash
# How fast events are appended durably (WAL, FULL: fsynced before it counts), one by one and in batches of 100: the
# append library beside plain SQLite, a writer each; the network over HTTP beside JetStream with file storage and
# `sync_interval: always`, both with the same number of connections. All take turns and get the same events; who loads
# them takes its share of the same processors. One Markdown table; takes about three minutes.
#
#   scripts/bench.sh timeline           the table
#   scripts/bench.sh timeline --quick   one round of shorter turns
#   scripts/bench.sh timeline --help    this text
#
# The peer is the nats-server named in NATS_SERVER, else the one that `scripts/python.sh nats` installs below target/.
# Databases are made below target/, so on the disk of the clone.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

network_bench timeline "$@"
if [ -z "${NATS_SERVER:-}" ] && scripts/python.sh nats >&2; then
    NATS_SERVER="$(find "$ROOT/target/python/nats" -name nats-server -type f -perm -u+x | head -n 1)"
fi
if [ -n "${NATS_SERVER:-}" ]; then export NATS_SERVER; else warn "no nats-server: the table will lack it"; unset NATS_SERVER; fi
cargo build --quiet --release -p ramanujan-tests --example timeline_costs
cd "$ROOT/target"
release/examples/timeline_costs "$@" | show
