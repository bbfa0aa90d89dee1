#!/usr/bin/env bash
# Installs what the tests need, builds, and runs all of them: plainly, under the address and
# undefined behaviour sanitizers, and what uses threads under the thread sanitizer.
#
# usage: tests/run.sh [--quick]        --quick leaves out the sanitizers, and what measures milliseconds
#                                      and so runs alone
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

case "$#:${1:-}" in
0:) presets=(dev asan tsan) choice=() ;;
1:--quick) presets=(dev) choice=(-LE '^timing$') ;;
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

install_python_modules() {
    local modules=tests/e2e/python_modules requirements=tests/e2e/requirements.txt
    [ "$modules" -nt "$requirements" ] || {
        say "pip install (tests/e2e)"
        rm -rf "$modules"
        /usr/bin/python3 -m pip install --quiet --disable-pip-version-check \
            --root-user-action=ignore --no-deps --require-hashes \
            --target "$modules" --requirement "$requirements"
        touch "$modules"
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
    ctest --preset "$1" "${choice[@]}" | tee "build/tests-$1.log"
}

# Of the lines "12/80 Test #7: e2e_life ....   Passed   12.34 sec" in the logs.
show_times() {
    local preset
    say "slowest tests"
    for preset in "${presets[@]}"; do
        sed -n "s/.*Test *#[0-9]*: \([^ ]*\) .* \([0-9.]*\) sec *$/\2 s  $preset \1/p" \
            "build/tests-$preset.log" 2>/dev/null || true
    done | sort -rn | awk 'NR <= 10'
    say "total: $SECONDS s"
}

scripts/install.sh build test
install_node_modules
install_python_modules
mkdir -p build
rm -f build/tests-*.log

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

show_times
say "presets: $((${#presets[@]} - ${#failed[@]})) of ${#presets[@]} passed"
[ ${#failed[@]} -eq 0 ] || {
    printf 'failed: %s\n' "${failed[*]}"
    exit 1
}
