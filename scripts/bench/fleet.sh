#!/usr/bin/env bash
# What a fleet costs, with whoever loads it beside it on the same machine. Each part starts networks of its own.
#
#   scripts/bench.sh fleet [--quick] [PART]...    these parts, else all; --quick: less of each, some five minutes
#   scripts/bench.sh fleet --help                 this text
#
# load      `ramanujan load` with 100 documents and 30 % reads by Zipf's law, as fast as it goes: operations/s and the reply
#           time, then the reply time at half of that; with 9, 48 and 200 agents, and 9 with instances used once
# peers     text writes one by one, each acknowledged, by 1 to 200 agents, each with a connection and a document of its
#           own: ours through a stream, hocuspocus on SQLite, automerge-repo on files, y-websocket on LevelDB. Turns
#           alternate, the middle one of three counts; each ends with kill -9, and what is then stored is counted.
# latency   with 9 agents at half of what they reached: the acknowledgement, and how long until a reader who waits has a
#           write (GET /crdt/{document}/diff with `Prefer: wait`; the timeline's stream of events); bytes of an operation
#           on the wire, counted by a proxy; ours beside hocuspocus on SQLite with WAL
# document  one document with 1 to 10,000 agents: a write without and with parents, a read, a 304, the list of documents,
#           a write through a stream with its event, bytes written to disk
# crash     64 writers on one text of 10,000 agents for a minute, the host killed with -9 in the middle
# replay    the recording sveltecomponent in the folder RAMANUJAN_DATA; without it, a session made up like it
# history   a text of 100,000 operations: GREEN, and a version from its middle that nobody asked for before
# json      100,000 mixed operations on a JSON document, in the library
#
# The peers come from npm, as scripts/bench/peers/package-lock.json pins them, below target/; the first time that needs
# node and npm, a C++ compiler, python3 and make (for SQLite). Without node they are left out. All write below target/,
# but ours where temporary folders are: both should be the same disk (TMPDIR).
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

parts=(load peers latency document crash replay history json)
options=() chosen=()
for argument in "$@"; do
    case "$argument" in
        -h | --help) usage "${BASH_SOURCE[0]}"; exit 0 ;;
        --quick) options=(--quick) ;;
        *)
            [[ " ${parts[*]} " == *" $argument "* ]] || die "there is no part $argument" "Known: ${parts[*]}"
            chosen+=("$argument")
            ;;
    esac
done
if [ "${#chosen[@]}" -eq 0 ]; then chosen=("${parts[@]}"); fi
# is_chosen PART
is_chosen() { [[ " ${chosen[*]} " == *" $1 "* ]]; }

# The peers in target/peers; sets FLEET_PEERS. Fails where they cannot be had.
install_peers() {
    local from="$ROOT/scripts/bench/peers" to="$CARGO_TARGET_DIR/peers" prefix
    command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 || return 1
    mkdir -p "$to"
    cp "$from"/*.mjs "$from"/package*.json "$to/"
    export FLEET_PEERS="$to"
    if cmp -s "$from/package-lock.json" "$to/installed.json"; then return 0; fi
    step "Installing the peers into target/peers"
    # Of all their scripts only the build of SQLite is run, with the headers of this node if they came with it.
    prefix="$(dirname "$(dirname "$(realpath "$(command -v node)")")")"
    if [ -f "$prefix/include/node/node.h" ]; then export npm_config_nodedir="$prefix"; fi
    npm ci --prefix "$to" --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >&2 || return 1
    npm rebuild --prefix "$to" --no-update-notifier --loglevel=error better-sqlite3 >&2 || return 1
    cp "$from/package-lock.json" "$to/installed.json"
}

# Columns of the example's table as figures.
json_figures() {
    cargo run --quiet --release -p ramanujan-crdt --example json_writes | awk -F' *\\| *' '
        $2 ~ /mixed operations$/ { split($2, words, " "); row = "JSON, " words[1] " mixed operations" }
        $2 == "all" { print row "|" $3 * 1e6 "|ns" }
        $2 == "last tenth / first tenth" { print row ": last tenth ÷ first tenth|" $3 "|" }
    ' | while IFS='|' read -r row value unit; do figure "$row" measured "$value" "$unit"; done
}

network_bench fleet "${options[@]}"
if { is_chosen peers || is_chosen latency; } && ! install_peers; then
    warn "no peers: they need node and npm, and the first time a package registry and a C++ compiler"
    unset FLEET_PEERS
fi
export RAMANUJAN_DATA="$DATA"
cargo build --quiet --release -p ramanujan-tests --example fleet_costs
# What is not a figure tells what the figures are of; it stands below the tables.
{
    "$CARGO_TARGET_DIR/release/examples/fleet_costs" "${options[@]}" "${chosen[@]}"
    if is_chosen json; then json_figures; fi
} >"$CARGO_TARGET_DIR/fleet.lines"
show <"$CARGO_TARGET_DIR/fleet.lines"
grep -v '^{' "$CARGO_TARGET_DIR/fleet.lines" | sed '1s/^/\n/' || true
