#!/usr/bin/env bash
# Measures the timeline's reading side on a network of its own, in a temporary folder: fills it, brings the causal index
# up to date, and prints the median time of 10 requests for each kind of query, and time, size and peak memory of exports.
#
#   scripts/bench.sh timeline-reads [EVENTS]    default 1000000: about ten minutes, most of them filling and indexing
#   scripts/bench.sh timeline-reads --quick     20,000 events
#   scripts/bench.sh timeline-reads --help      this text
#
# Needs curl and GNU time (Debian: time).
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

events="${1:-1000000}"
case "$events" in
    -h | --help) usage "${BASH_SOURCE[0]}"; exit 0 ;;
    --quick) events=20000 ;;
esac
[[ "$events" =~ ^[1-9][0-9]*$ ]] || die "not a number of events: $events" "See: scripts/bench.sh timeline-reads --help"
require_toolchain
"$ROOT/scripts/build.sh" --brief
cd "$ROOT"
[ -x /usr/bin/time ] || die "GNU time is not installed" "On Debian: apt-get install time"
ensure_figures
folder="$(mktemp -d)"
host="${RAMANUJAN_BIN:-$HOST_BIN}"
cargo build --quiet --release -p ramanujan-timeline-tool --example fill
"$host" up --quiet --listen 127.0.0.1:0 --max-instance-reuse 128 --state-dir "$folder" > "$folder/out" &
pid=$!
trap 'kill $pid; wait $pid || true; rm -rf "$folder"' EXIT
until url="$(grep -om1 'http://127[0-9.:]*' "$folder/out")"; do sleep 0.2; done

"$CARGO_TARGET_DIR/release/examples/fill" "$url" "$events"
step "Causal index"
began=$(date +%s.%N)
until curl -sf -d '{}' -H 'content-type: application/json' "$url/timeline/index" | grep -q '"complete":true'; do :; done
took="$(awk -v a="$began" -v b="$(date +%s.%N)" 'BEGIN { printf "%.0f", (b - a) * 1e9 }')"
figure "the causal index of $events events" time "$took" ns >>"$folder/figures"

step "Queries, median of 10"
middle=$((events / 2))
id="$(curl -sf "$url/api/timeline?after=$middle&limit=1" | grep -o '"event_id":"[0-9a-f]*"' | cut -d'"' -f4)"
# A place in the middle: a document has a twentieth of the events, and its clock counts them.
cursor="$((events / 40)).0.0"
for path in "query?order=causal&limit=100" "query?order=causal&limit=100&cursor=$cursor" "query?order=causal&limit=100&document=document-7" \
    "query?order=causal&limit=100&agent=agent-3" "query?order=causal&limit=100&color=RED" "query?order=time&from=2026-01-01T01:00:00Z&limit=100" \
    "event/$id/causes?depth=5&limit=100" "event/$id/effects?depth=5&limit=100" "event/$id/causes?limit=100" \
    "event/$id/concurrent?limit=100" "metrics" "flows" "convergence?document=document-7"; do
    for _ in $(seq 10); do curl -sf -o /dev/null -w '%{time_total}\n' "$url/timeline/$path"; done | sort -g |
        awk '{ t[NR] = $1 } END { printf "%.0f\n", t[int((NR + 1) / 2)] * 1e9 }' >"$folder/median"
    row="\`${path/$id/ID}\`"
    figure "${row/$cursor/MIDDLE}" time "$(cat "$folder/median")" ns >>"$folder/figures"
done

step "Export"
for format in parquet ndjson csv; do
    /usr/bin/time -o "$folder/time" -f '%e %M' "$host" timeline export --quiet --url "$url" --format $format --out "$folder/export.$format"
    read -r seconds peak <"$folder/time"
    row="export of $events events as $format"
    {
        figure "$row" time "$(awk -v s="$seconds" 'BEGIN { printf "%.0f", s * 1e9 }')" ns
        figure "$row" size "$(stat -c %s "$folder/export.$format")" B
        figure "$row" "peak memory" "$((peak * 1024))" B
    } >>"$folder/figures"
done
show <"$folder/figures"
