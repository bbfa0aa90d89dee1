#!/usr/bin/env bash
# Every C file is formatted as .clang-format says, by the version that Debian 12 has: others differ.
set -euo pipefail
shopt -s globstar nullglob

program=$(command -v clang-format-14 || command -v clang-format) || {
    echo "skipped: there is no clang-format"
    exit 77
}
"$program" --version | grep -q 'version 14\.' || {
    echo "skipped: $("$program" --version), 14 is asked for"
    exit 77
}
"$program" --dry-run -Werror {include,src,tests,bench}/**/*.[ch]
