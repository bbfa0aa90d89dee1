#!/usr/bin/env bash
# Runs a load test: installs what is missing, builds wsload, sends the prompts, judges the run.
#
# usage: ./run_load_test.sh [HOST[:PORT]] [-- WSLOAD_FLAG...]
#
#   HOST[:PORT]   goes in place of the host (and port) of WEBSOCKET_URL and ORIGIN; scheme and path
#                 stay. Without a WEBSOCKET_URL the address is wss://HOST[:PORT]/
#   WSLOAD_FLAG   handed on, and wins over the settings: ./run_load_test.sh -- -c 50 -d 30s
#
# Without any address it tests wsload's built-in server on this machine, within 0.5 s and at 100
# requests per second. Of your own backend nothing is asked but what you set, and 95 % success. The
# exit code is wsload's: 0 passed, 1 a threshold is broken, 2 a mistake in the settings, or wsload
# could not be built, 3 no connection could be opened.

# Settings. Change them here, or in the environment: CONNECTIONS=50 ./run_load_test.sh
# wsload's own names for them, as in WSLOAD_CONNECTIONS=50, do as well.
WEBSOCKET_URL=${WEBSOCKET_URL:-${WSLOAD_URL:-}}        # wss://ID.execute-api.REGION.amazonaws.com/STAGE
ORIGIN=${ORIGIN:-${WSLOAD_ORIGIN:-}}                   # https://HOST; empty: made from the address
PROMPTS_FILE=${PROMPTS_FILE:-${WSLOAD_PROMPTS_FILE:-}} # empty: prompts.txt beside this script
CONNECTIONS=${CONNECTIONS:-${WSLOAD_CONNECTIONS:-20}}  # open at the same time
MAX_LATENCY=${MAX_LATENCY:-}                           # seconds on average, at most; empty: any
MIN_RPS=${MIN_RPS:-${WSLOAD_MIN_RPS:-}}                # requests per second, at least; empty: any
MIN_SUCCESS_RATE=${MIN_SUCCESS_RATE:-${WSLOAD_MIN_SUCCESS_RATE:-}} # percent, at least; empty: 95
WSLOAD=${WSLOAD:-}                                     # a wsload to run; empty: the one built here

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=
server=

say() { printf 'run_load_test: %s\n' "$*" >&2; }
die() {
    say "$*"
    exit 2
}

usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

# shellcheck disable=SC2317 # reached by way of trap
clean_up() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    [ -z "$scratch" ] || rm -rf "$scratch"
}

# Splits HOST[:PORT] into $host, with brackets around an IPv6 address, and $port, ":1234" or "".
split_host() {
    case $1 in
    *[/@?#]* | *[[:space:]]*) # and may hold a token, so it is not repeated
        die "HOST[:PORT] is asked for, as in chat.example.com; put a URL into WEBSOCKET_URL"
        ;;
    \[*\]) host=$1 port= ;;
    \[*\]:*) host=${1%:*} port=:${1##*:} ;;
    *:*:*) host="[$1]" port= ;;
    *:*) host=${1%:*} port=:${1##*:} ;;
    *) host=$1 port= ;;
    esac
    [ -n "$host" ] || die "$1: the host is missing"
    [[ -z $port || $port =~ ^:[0-9]{1,5}$ ]] || die "$1: '${port#:}' is not a port number"
}

# Prints the URL $1 with $host and $port in it; its own port stays when no other is given.
with_host() {
    local url='^([A-Za-z][A-Za-z0-9+.-]*://)([^/?#@]*@)?(\[[^]/]*\]|[^]:/?#@[]*)(:[0-9]*)?([/?#].*)?$'
    [[ $1 =~ $url ]] || return 1
    printf '%s\n' "${BASH_REMATCH[1]}${BASH_REMATCH[2]}$host${port:-${BASH_REMATCH[4]}}${BASH_REMATCH[5]}"
}

override_host() {
    split_host "$1"
    WEBSOCKET_URL=$(with_host "${WEBSOCKET_URL:-wss://HOST/}") ||
        die "WEBSOCKET_URL is no address with a host; it looks like wss://HOST/PATH"
    [ -z "$ORIGIN" ] || ORIGIN=$(with_host "$ORIGIN") ||
        die "ORIGIN is no address with a host; it looks like https://HOST"
}

ensure_prompts() {
    PROMPTS_FILE=${PROMPTS_FILE:-$here/prompts.txt}
    [ "$PROMPTS_FILE" != - ] && [ ! -e "$PROMPTS_FILE" ] || return 0
    printf '%s\n' 'Hello, what can you do?' 'What are your opening hours?' \
        'How do I change my address?' >"$PROMPTS_FILE" ||
        die "$PROMPTS_FILE does not exist and cannot be written"
    say "$PROMPTS_FILE did not exist: wrote three sample prompts into it"
}

# A bare MAX_LATENCY is seconds; wsload's own name for it takes a unit.
choose_latency() {
    case $MAX_LATENCY in
    '') MAX_LATENCY=${WSLOAD_MAX_LATENCY:-} ;;
    *[!0-9.]*) ;;
    *) MAX_LATENCY+=s ;;
    esac
}

# Runs a command in the project's directory, and shows what it said only when it fails.
quietly() {
    (cd "$here" && "$@") >"$scratch/log" 2>&1 || {
        cat "$scratch/log" >&2
        die "'$*' failed"
    }
}

# A checkout may be read-only, or somebody else's.
require_writable() {
    local binary=$here/build/release/wsload
    mkdir -p "$here/build" 2>/dev/null && [ -w "$here/build" ] && return
    [ -x "$binary" ] || binary=/path/to/wsload
    die "$here/build cannot be written, so wsload cannot be built there;" \
        "name one that is built: WSLOAD=$binary ./run_load_test.sh"
}

# Two at once would disturb each other's packages and files: the second one waits.
build() {
    require_writable
    exec {lock}<"$here"
    flock --nonblock "$lock" || {
        say "waiting for another run that builds wsload here"
        flock "$lock"
    }
    "$here/scripts/install.sh" build || die "what wsload is built with is not there, see above"
    if [ ! -e "$here/build/release/build.ninja" ]; then
        say "building wsload"
        quietly cmake --preset release
    fi
    quietly cmake --build --preset release
    exec {lock}<&-
    WSLOAD=$here/build/release/wsload
}

# A session of its own keeps Ctrl-C away from the server, which has to answer until the end.
start_server() {
    say "no WEBSOCKET_URL is set: testing wsload's built-in server on this machine"
    setsid "$WSLOAD" serve --tls --listen 127.0.0.1:0 --delay 20ms --port-file "$scratch/port" \
        --ca-out "$scratch/ca.pem" >"$scratch/server.log" 2>&1 </dev/null &
    server=$!
    local tries=200
    until [ -s "$scratch/port" ]; do
        if ! kill -0 "$server" 2>/dev/null || [ "$((tries -= 1))" -eq 0 ]; then
            cat "$scratch/server.log" >&2
            die "the built-in server did not start"
        fi
        sleep 0.05
    done
    WEBSOCKET_URL=wss://localhost:$(cat "$scratch/port")
    export WSLOAD_CACERT=$scratch/ca.pem
}

# What the built-in server is sure to keep. The prompts are too few to measure by: unless the flags or
# the environment say how long the run is, send some more.
set_up_demonstration() {
    MAX_LATENCY=${MAX_LATENCY:-0.5s}
    MIN_RPS=${MIN_RPS:-100}
    [ -z "${WSLOAD_REQUESTS:-}${WSLOAD_DURATION:-}${WSLOAD_STAGE:-}" ] || return 0
    case " $*" in
    *' -n'* | *' -d'* | *' -s'* | *' --requests'* | *' --duration'* | *' --stage'*) ;;
    *) export WSLOAD_REQUESTS=200 ;;
    esac
}

# A run that only holds connections sends no prompts, so it has no replies to be judged either.
sends_prompts() {
    [ -z "${WSLOAD_HOLD:-}" ] || return 1
    case " $* " in *' --hold '*) return 1 ;; esac
}

# Hands a signal on to the client, or keeps it in mind until there is one.
# shellcheck disable=SC2317 # reached by way of trap
tell() {
    if [ -n "$client" ]; then
        kill "-$1" "$client" 2>/dev/null || true
    else
        early=yes
    fi
}

# Runs wsload and returns its exit code. The settings travel in the environment: the URL may hold a
# token, and everybody can read command lines. In a session of its own wsload gets each signal
# once, from here, and not from the terminal as well.
run_wsload() {
    local client='' early='' code=0 waited signalled=yes again=''
    trap 'signalled=yes; tell INT' INT
    trap 'signalled=yes; tell TERM' TERM HUP
    [ -z "$ORIGIN" ] || export WSLOAD_ORIGIN=$ORIGIN
    if sends_prompts "$@"; then
        export WSLOAD_PROMPTS_FILE=$PROMPTS_FILE
        # By itself wsload asks for 95 % only where nothing else is asked.
        [ -z "$MAX_LATENCY$MIN_RPS" ] || MIN_SUCCESS_RATE=${MIN_SUCCESS_RATE:-95}
        [ -z "$MIN_SUCCESS_RATE" ] || export WSLOAD_MIN_SUCCESS_RATE=$MIN_SUCCESS_RATE
        [ -z "$MAX_LATENCY" ] || export WSLOAD_MAX_LATENCY=$MAX_LATENCY
        [ -z "$MIN_RPS" ] || export WSLOAD_MIN_RPS=$MIN_RPS
    fi
    WSLOAD_URL=$WEBSOCKET_URL WSLOAD_CONNECTIONS=$CONNECTIONS setsid "$WSLOAD" "$@" <&0 &
    client=$!
    [ -z "$early" ] || tell TERM # INT is ignored until wsload itself has begun
    while [ -n "$signalled" ]; do # a signal ends wait, not wsload
        signalled=
        waited=0
        wait "$client" || waited=$?
        # Waited for once more, a client that is gone already is unknown.
        [ "$waited" -eq 127 ] && [ -n "$again" ] || code=$waited
        again=yes
    done
    trap '' INT TERM HUP # the rest is quick
    return "$code"
}

host_argument=
if [ $# -gt 0 ] && [ "$1" != -- ]; then
    case $1 in
    -h | --help) usage && exit 0 ;;
    -*) die "${1%%=*}: flags for wsload come after --, as in ./run_load_test.sh -- -c 50" ;;
    esac
    host_argument=$1
    shift
fi
if [ $# -gt 0 ]; then
    [ "$1" = -- ] || die "one HOST at most; flags for wsload come after --"
    shift
fi

[ -z "$host_argument" ] || override_host "$host_argument"
ensure_prompts
choose_latency
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
scratch=$(mktemp -d)
[ -n "$WSLOAD" ] || build
command -v "$WSLOAD" >/dev/null || die "WSLOAD=$WSLOAD: no such program"
[ -n "$WEBSOCKET_URL" ] || {
    start_server
    set_up_demonstration "$@"
}

code=0
run_wsload "$@" || code=$?
[ -z "$server" ] ||
    say "this was wsload's built-in server; set WEBSOCKET_URL (see --help) to test your own"
exit "$code"
