#!/usr/bin/env bash
# Builds the eleven components (target/wasm32-wasip2/component/*.wasm) and the host (target/release/ramanujan),
# and shows what each component weighs against its budget in scripts/wasm-budget.txt.
#
#   scripts/build.sh                   all of it; fails when a component is over its budget
#   scripts/build.sh --components      the eleven components only
#   scripts/build.sh --host            the host only
#   scripts/build.sh -p NAME ...       these components only (several -p allowed)
#   scripts/build.sh --brief           nothing to do, nothing said: cargo is not even asked when no file of the clone
#                                      changed since; sizes only when a component changed; over budget is a warning
#   scripts/build.sh --set-budget      after building, write the budget anew: 5 % above what is reached
#
# Needs the wasm32-wasip2 target and the pages' JavaScript libraries; scripts/wasm-target.sh and scripts/web.sh are called
# to make sure of them.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

BUDGET_FILE="$ROOT/scripts/wasm-budget.txt"
# Debian's wasi-libc keeps more of its file-system code in a linked component than the one that rustup ships:
# 23-30 kB measured. Budgets are stated for rustup's.
DEBIAN_STD_ALLOWANCE=32000

what_components=1 what_host=1 brief=0 set_budget=0 chosen=()
while [ "$#" -gt 0 ]; do
    case "$1" in
        --components) what_host=0 ;;
        --host) what_components=0 ;;
        -p)
            [ -n "${2:-}" ] || die "-p needs the name of a component" "One of: ${COMPONENTS[*]}"
            [[ " ${COMPONENTS[*]} " == *" $2 "* ]] || die "no component is called $2" "One of: ${COMPONENTS[*]}"
            chosen+=("$2")
            what_host=0
            shift
            ;;
        --brief) brief=1 ;;
        --set-budget) set_budget=1 ;;
        -h | --help) usage "${BASH_SOURCE[0]}"; exit 0 ;;
        *) die "unknown option $1" "See: $0 --help" ;;
    esac
    shift
done
[ "${#chosen[@]}" -gt 0 ] || chosen=("${COMPONENTS[@]}")
if [ "$set_budget" = 1 ] && [ "${#chosen[@]}" -ne "${#COMPONENTS[@]}" ]; then
    die "--set-budget weighs all eleven components" "Leave out -p."
fi

wasm_of() { printf '%s/%s/component/%s.wasm' "$CARGO_TARGET_DIR" "$WASM_TARGET" "${1//-/_}"; }
fingerprints() { for c in "${chosen[@]}"; do stat -c '%n %Y %s' "$(wasm_of "$c")" 2>/dev/null || true; done; }

debian_std() { [ -e "$(cd "$ROOT" && rustc --print sysroot)/lib/rustlib/$WASM_TARGET/$DEBIAN_STD_MARK" ]; }
budget_of() { awk -v c="$1" '$1 == c { print $2; exit }' "$BUDGET_FILE" 2>/dev/null; }

# Prints the table; its status says whether everything is within budget.
weigh() {
    local allowance=0 total=0 over=0 c size budget verdict
    if debian_std; then allowance=$DEBIAN_STD_ALLOWANCE; fi
    printf '\n%-22s %10s %10s %7s\n' component bytes budget used
    for c in "${chosen[@]}"; do
        size="$(stat -c %s "$(wasm_of "$c")")"
        total=$((total + size))
        budget="$(budget_of "$c")"
        if [ -z "$budget" ]; then
            printf '%-22s %10d %10s %7s  no budget: scripts/build.sh --set-budget\n' "$c" "$size" - -
            over=1
            continue
        fi
        budget=$((budget + allowance))
        verdict=''
        if [ "$size" -gt "$budget" ]; then verdict='  OVER BUDGET' over=1; fi
        printf '%-22s %10d %10d %6d%%%s\n' "$c" "$size" "$budget" $((size * 100 / budget)) "$verdict"
    done
    printf '%-22s %10d\n' total "$total"
    if [ "$allowance" -gt 0 ]; then
        printf 'Budgets include %d bytes for the standard library built from Debian packages.\n' "$allowance"
    fi
    return "$over"
}

write_budget() {
    local allowance=0 c size
    if debian_std; then allowance=$DEBIAN_STD_ALLOWANCE; fi
    {
        echo "# What each component may weigh, in bytes: 5 % above what was reached with the standard library that"
        echo "# rustup ships. scripts/build.sh fails above it; scripts/build.sh --set-budget writes it anew."
        for c in "${COMPONENTS[@]}"; do
            size="$(stat -c %s "$(wasm_of "$c")")"
            printf '%s %d\n' "$c" $(((size - allowance) * 105 / 100))
        done
    } >"$BUDGET_FILE.new"
    mv "$BUDGET_FILE.new" "$BUDGET_FILE"
    note "wrote $BUDGET_FILE"
}

# What a build depends on besides the clone's files, and what it left. Two cargo calls with nothing to do take a
# second, and far longer while another cargo of the same user holds the lock of the download cache.
STAMP="$CARGO_TARGET_DIR/.ramanujan-built"
build_state() {
    rustc --version --verbose
    env | grep -E '^(RUSTFLAGS|CARGO_(BUILD|ENCODED|PROFILE|TARGET)_)' | sort || true
    stat -c '%n %i %s %y' "$HOST_BIN"
    for c in "${COMPONENTS[@]}"; do stat -c '%n %i %s %y' "$(wasm_of "$c")"; done
    stat -c '%n %i %s %y' "$CARGO_TARGET_DIR"/web/*
}
# Change time, not modification time: it also moves when an older file is put in place of a newer one.
nothing_changed() {
    [ -e "$STAMP" ] && [ "$(build_state 2>/dev/null)" = "$(cat "$STAMP")" ] &&
        [ -z "$(find . \( -path ./target -o -path ./.git -o -path ./.ramanujan -o -path ./.spin -o -path ./node_modules \) \
            -prune -o ! -path . -cnewer "$STAMP" -print -quit)" ]
}

require_toolchain
cd "$ROOT"
everything=0
if [ "$what_components$what_host" = 11 ] && [ "${#chosen[@]}" -eq "${#COMPONENTS[@]}" ]; then everything=1; fi
if [ "$everything$brief$set_budget" = 110 ] && nothing_changed; then exit 0; fi
mkdir -p "$CARGO_TARGET_DIR"
rm -f "$STAMP"
begun="$STAMP.begun.$$" # of this process: up.sh and test.sh may build at the same time
touch "$begun"           # files that change during the build count as changed
if [ "$what_components" = 1 ]; then
    "$ROOT/scripts/web.sh"
    "$ROOT/scripts/wasm-target.sh"
    before="$(fingerprints)"
    if [ -z "$before" ]; then note "building ${#chosen[@]} components for $WASM_TARGET (the first time takes some minutes)"; fi
    packages=()
    for c in "${chosen[@]}"; do packages+=(-p "$c"); done
    cargo build --target "$WASM_TARGET" --profile component "${packages[@]}"
    for c in "${chosen[@]}"; do
        [ -s "$(wasm_of "$c")" ] || die "$c was built but left no $(wasm_of "$c")" "Its Cargo.toml must say crate-type = [\"cdylib\", \"rlib\"]."
    done
fi
if [ "$what_host" = 1 ]; then
    if [ ! -x "$HOST_BIN" ]; then note "building the host (the first time takes some minutes)"; fi
    cargo build --release -p ramanujan-host
fi
if [ "$everything" = 1 ]; then
    build_state >"$begun.state"
    touch -r "$begun" "$begun.state"
    mv "$begun.state" "$STAMP"
fi
rm -f "$begun"
if [ "$what_components" = 1 ]; then
    if [ "$set_budget" = 1 ]; then write_budget; fi
    if [ "$brief" = 0 ]; then
        weigh || die "a component is over its budget in scripts/wasm-budget.txt, or has none" \
            "Make it lighter, or, where the weight is worth it, set a new budget: scripts/build.sh --set-budget"
    elif [ "$(fingerprints)" != "$before" ]; then
        weigh || warn "a component is heavier than scripts/wasm-budget.txt allows"
    fi
fi
