#!/usr/bin/env bash
# Installs what the tests need, builds, and runs all of them: plainly, under the address and
# undefined behaviour sanitizers, and what uses threads under the thread sanitizer.
#
# usage: tests/run.sh [--quick]        --quick leaves the sanitizers out
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

case "$#:${1:-}" in
0:) presets=(dev asan tsan) ;;
1:--quick) presets=(dev) ;;
*)
    printf 'usage: tests/run.sh [--quick]\n' >&2
    exit 2
    ;;
esac

say() { printf '\n== %s\n' "$*"; }

# npm leaves its own copy of the lock file behind when it is done: older than ours, or missing, means
# that there is work.
install_node_modules() {
    local modules=tests/e2e/node_modules lock=tests/e2e/package-lock.json
    [ "$modules/.package-lock.json" -nt "$lock" ] || {
        say "npm ci (tests/e2e)"
        (cd tests/e2e && npm ci --ignore-scripts)
        touch "$modules/.package-lock.json"
    }
}

# Warnings are errors in CI, but not under the sanitizers: their code makes gcc see what is not there.
build() { # preset
    local werror=OFF
    [ "$1" != dev ] || [ -z "${CI:-}" ] || werror=ON
    cmake --preset "$1" -DWSLOAD_WERROR="$werror" >build/configure.log 2>&1 || {
        cat build/configure.log
        return 1
    }
    cmake --build --preset "$1"
}

run_tests() { # preset
    local choice=()
    [ "$1" != tsan ] || choice=(-L '^(threads|engine|server)$')
    ctest --preset "$1" "${choice[@]}"
}

scripts/install.sh build test
install_node_modules
mkdir -p build

failed=()
for preset in "${presets[@]}"; do
    say "$preset: build"
    build "$preset" || {
        failed+=("$preset (build)")
        continue
    }
    say "$preset: test"
    run_tests "$preset" || failed+=("$preset")
done

say "presets: $((${#presets[@]} - ${#failed[@]})) of ${#presets[@]} passed"
[ ${#failed[@]} -eq 0 ] || {
    printf 'failed: %s\n' "${failed[*]}"
    exit 1
}
