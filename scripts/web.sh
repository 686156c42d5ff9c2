#!/usr/bin/env bash
# Makes sure that the JavaScript libraries of the pages are in target/web, from where spin.toml mounts them. They come
# from npm by web/package-lock.json, which pins versions and digests; their own scripts are never run.
#
#   scripts/web.sh                 does nothing if they are there
#   scripts/web.sh --help          this text
#
# Needs npm (Debian: apt-get install npm) and, the first time, a package registry.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

case "${1:-}" in
    '') ;;
    -h | --help) usage "${BASH_SOURCE[0]}"; exit 0 ;;
    *) die "unknown option $1" "See: $0 --help" ;;
esac

# What a page loads, and the licence that goes with it: FILE IN node_modules, NAME IN target/web.
FILES=(
    d3/dist/d3.min.js d3.min.js
    d3/LICENSE d3.LICENSE.txt
    @dagrejs/dagre/dist/dagre.min.js dagre.min.js
    @dagrejs/dagre/LICENSE dagre.LICENSE.txt
)

out="$CARGO_TARGET_DIR/web"
stamp="$CARGO_TARGET_DIR/.ramanujan-web"
# The lock file and this script decide what is there.
wanted="$(cat "$ROOT/web/package.json" "$ROOT/web/package-lock.json" "${BASH_SOURCE[0]}" | cksum)"
complete() {
    local i
    for ((i = 1; i < ${#FILES[@]}; i += 2)); do [ -s "$1/${FILES[i]}" ] || return 1; done
}
if complete "$out" && [ "$wanted" = "$(cat "$stamp" 2>/dev/null)" ]; then exit 0; fi

command -v npm >/dev/null 2>&1 || die "npm is not installed: the pages' JavaScript libraries come from it" \
    "On Debian: apt-get install npm"
step "Installing the pages' JavaScript libraries into target/web"
mkdir -p "$CARGO_TARGET_DIR"
work="$(mktemp -d "$CARGO_TARGET_DIR/web.XXXXXX")" # of this process: two builds may come here at once
trap 'rm -rf "$work"' EXIT
cp "$ROOT/web/package.json" "$ROOT/web/package-lock.json" "$work/"
npm ci --prefix "$work" --cache "$work/cache" --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >&2 ||
    die "npm could not install what web/package-lock.json names" "Its own words stand above."
mkdir "$work/out"
for ((i = 0; i < ${#FILES[@]}; i += 2)); do
    cp "$work/node_modules/${FILES[i]}" "$work/out/${FILES[i + 1]}"
done
chmod 755 "$work/out"
rm -rf "$out"
mv -T "$work/out" "$out" 2>/dev/null || complete "$out" || die "cannot write $out"
printf '%s\n' "$wanted" >"$stamp"
