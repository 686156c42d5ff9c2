#!/usr/bin/env bash
# Asks each of the eleven components for its root and for its health, which looks at what the component needs, and says
# which of them answer 200. Exit code 0 when all do.
#
#   scripts/verify_deployment.sh [BASE_URL]              one host, a path per component (http://127.0.0.1:3000)
#   scripts/verify_deployment.sh --subdomains DOMAIN     one host per component: https://stream-red.DOMAIN/ ...
#     --scheme http                                      with --subdomains: http instead of https
#     --deep                                             also one real operation per component, reply checked
#     --timeout SECONDS                                  per request (30)
#
# --deep writes: a document, an agent and events under names that are new on every run. Needs bash and curl
# only.
set -euo pipefail

COMPONENTS=(
    stream-red stream-blue stream-green
    crdt-service egraph-service skill-verification agent-orchestrator
    duck-colors transduction-2tdx interaction-timeline dashboard
)
# Where each component is mounted when they share one host.
declare -A BASE_PATH=(
    [stream-red]=/stream/red [stream-blue]=/stream/blue [stream-green]=/stream/green
    [crdt-service]=/crdt [egraph-service]=/egraph [skill-verification]=/verify [agent-orchestrator]=/agents
    [duck-colors]=/colors [transduction-2tdx]=/sync [interaction-timeline]=/timeline [dashboard]=/dashboard
)

base=http://127.0.0.1:3000 domain='' scheme=https deep=0 timeout=30 base_given=0
need() { [ -n "${2:-}" ] || { echo "$1 needs a value, see $0 --help" >&2; exit 2; }; }
while [ "$#" -gt 0 ]; do
    case "$1" in
        --subdomains) need "$@"; domain="${2%/}"; shift ;;
        --scheme) need "$@"; scheme="$2"; shift ;;
        --timeout) need "$@"; timeout="$2"; shift ;;
        --deep) deep=1 ;;
        -h | --help) awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "${BASH_SOURCE[0]}"; exit 0 ;;
        http://* | https://*) base="${1%/}"; base_given=1 ;;
        *) echo "unknown argument $1, see $0 --help (a base URL begins with http:// or https://)" >&2; exit 2 ;;
    esac
    shift
done
if [ -n "$domain" ] && [ "$base_given" = 1 ]; then
    echo "give a base URL or --subdomains, not both" >&2
    exit 2
fi
command -v curl >/dev/null 2>&1 || { echo "curl is not installed (Debian: apt-get install curl)" >&2; exit 2; }

# url COMPONENT REST: REST begins with / and is relative to the component's base.
url() {
    if [ -n "$domain" ]; then
        printf '%s://%s.%s%s' "$scheme" "$1" "$domain" "$2"
    else
        printf '%s%s%s' "$base" "${BASE_PATH[$1]}" "$2"
    fi
}

declare -A FAILED=()

echo "=== Verifying Ramanujan CRDT Network Deployment ==="
for component in "${COMPONENTS[@]}"; do
    STATUS="$(curl -s -m "$timeout" -o /dev/null -w '%{http_code}' "$(url "$component" /)" || true)"
    HEALTH="$(curl -s -m "$timeout" -w '\n%{http_code}' "$(url "$component" /health)" || true)"
    if [ "$STATUS" = "200" ] && [ "${HEALTH##*$'\n'}" = "200" ]; then
        echo "✓ $component: $STATUS OK"
    elif [ "$STATUS" = "200" ]; then
        echo "✗ $component: $STATUS, but its health is ${HEALTH##*$'\n'} FAILED: $(printf '%.300s' "${HEALTH%$'\n'*}")"
        FAILED[$component]=1
    else
        echo "✗ $component: $STATUS FAILED"
        FAILED[$component]=1
    fi
done

# ---- one real operation per component ---------------------------------------------------------------------
CODE='' BODY=''
# call COMPONENT METHOD REST [JSON]: sets CODE and BODY.
call() {
    local reply args=(-s -m "$timeout" -X "$2" -w '\n%{http_code}')
    if [ -n "${4:-}" ]; then args+=(-H 'content-type: application/json' --data-binary "$4"); fi
    reply="$(curl "${args[@]}" "$(url "$1" "$3")" || true)"
    CODE="${reply##*$'\n'}" BODY="${reply%$'\n'*}"
}
has() { [[ "$BODY" =~ $1 ]]; }
good() { echo "✓ $1: $2"; }
bad() {
    echo "✗ $1: $2: HTTP $CODE ${BODY:0:300}"
    FAILED[$1]=1
}
# expect COMPONENT WHAT REGEX...: code 200 or 201 and every pattern in the body.
expect() {
    local component="$1" what="$2" pattern
    shift 2
    case "$CODE" in 200 | 201) ;; *) bad "$component" "$what"; return 0 ;; esac
    for pattern in "$@"; do
        has "$pattern" || { bad "$component" "$what, no match for $pattern in"; return 0; }
    done
    good "$component" "$what"
}

OK='"status"[ ]*:[ ]*"ok"'
if [ "$deep" = 1 ]; then
    echo ""
    echo "=== One operation per component ==="
    run="$(date +%s)-$$-$RANDOM"
    doc="verify-$run" counter="verify-counter-$run" agent="verify-$run"

    call stream-red POST /apply '{"operation":"insert","document_id":"'"$doc"'","agent_id":"'"$agent"'","position":0,"value":"Hello, world"}'
    expect stream-red "insert 12 characters" "$OK" '"color"[ ]*:[ ]*"RED"'
    call stream-blue POST /apply '{"operation":"delete","document_id":"'"$doc"'","agent_id":"'"$agent"'","position":0,"length":7}'
    expect stream-blue "delete 7 of them" "$OK" '"color"[ ]*:[ ]*"BLUE"'
    call stream-green POST /verify '{"operation":"verify","document_id":"'"$doc"'"}'
    expect stream-green "verify the document" "$OK" '"verified"[ ]*:[ ]*true'
    call crdt-service GET "/$doc"
    expect crdt-service "read what is left" "$OK" '"world"'
    call crdt-service POST /apply '{"crdt_type":"pn-counter","operation":"increment","document_id":"'"$counter"'","agent_id":"'"$agent"'","value":5}'
    expect crdt-service "increment a counter" "$OK"
    call egraph-service POST /saturate '{"operation":"saturate","expression":"(+ (+ a b) 0)"}'
    expect egraph-service "saturate (+ (+ a b) 0)" "$OK" '"stop_reason"[ ]*:'
    # One collection for all runs: there is a most of them, and its vectors stay where they are.
    embedding='[0.41,-0.27,0.13,0.62,-0.08,0.33,-0.46,0.19]'
    call skill-verification POST /analyze '{"image_id":"'"$run"'","embedding":'"$embedding"',"embedding_model":"resnet50"}'
    expect skill-verification "judge an embedding by 17 verifiers" "$OK" '"verdict"[ ]*:[ ]*"(ACCEPTED|TENTATIVE|REJECTED)"' \
        '"self_verified"[ ]*:[ ]*true' '"pos_creative"[ ]*:[ ]*[1-9]'
    call skill-verification POST /collections/verify-deployment '{"dimension":8}'
    expect skill-verification "make a collection" "$OK"
    call skill-verification POST /collections/verify-deployment/embeddings '{"ids":["same","other"],"embeddings":['"$embedding"',[1,0,0,0,0,0,0,0]]}'
    expect skill-verification "store two vectors" "$OK" '"digest"[ ]*:[ ]*"[0-9a-f]{64}"'
    call skill-verification POST /similarity '{"embedding":'"$embedding"',"collection":"verify-deployment","k":1}'
    expect skill-verification "find the nearest" "$OK" '"id"[ ]*:[ ]*"same"'
    call agent-orchestrator POST /register '{"agent_id":"'"$agent"'"}'
    expect agent-orchestrator "register an agent" "$OK"
    call agent-orchestrator POST "/$agent/heartbeat" '{}'
    expect agent-orchestrator "its heartbeat" "$OK"
    call duck-colors GET '/hex?seed=1069&index=1&algorithm=color-at'
    expect duck-colors "a colour" '"hex"[ ]*:[ ]*"#[0-9A-F]{6}"'
    call transduction-2tdx POST / '{"operation":"verify","target":"local"}'
    expect transduction-2tdx "verify with the local side" "$OK"
    if [ -z "$domain" ]; then
        # Rules are not below the base that a subdomain leads to.
        BASE_PATH[transduction-2tdx]=''
        call transduction-2tdx POST /skill/apply '{"patterns":[{"source_pattern":"(merge ?x ?x)","target_pattern":"?x"}],"expression":"(merge a a)"}'
        expect transduction-2tdx "rewrite (merge a a)" '"expression"[ ]*:[ ]*"a"'
    fi
    call interaction-timeline POST /events '{"type":"HeartbeatSent","agent_id":"'"$agent"'","operation":"verify","document_id":"'"$doc"'"}'
    expect interaction-timeline "append an event" "$OK"
    call interaction-timeline GET "/query?document=$doc&limit=10"
    expect interaction-timeline "find it again" "$OK" "\"$doc\""
    if [ -n "$domain" ]; then call dashboard GET /api/metrics; else
        # The metrics are at /api/metrics, not below the dashboard's own base.
        BASE_PATH[dashboard]='' && call dashboard GET /api/metrics
    fi
    expect dashboard "metrics" '"performance"[ ]*:'
fi

echo ""
if [ "${#FAILED[@]}" -eq 0 ]; then
    echo "✓ All 11 components verified successfully!"
    exit 0
else
    echo "✗ ${#FAILED[@]} components failed verification"
    exit 1
fi
