#!/usr/bin/python3
"""Checks the rules of the house that a machine can check. usage: rules.py [ROOT]

Rooms use only rooms above them; libwebsockets stays where it belongs; what is banned is absent;
functions and files have their size. Prints each break as file:line: text.
"""

import pathlib
import re
import sys

# What each room may use.
BELOW = {
    "base": set(),
    "protocol": {"base"},
    "load": {"base", "protocol"},
    "stats": {"base", "protocol", "load"},
    "engine": {"base", "protocol", "load", "stats"},
    "report": {"base", "protocol", "load", "stats"},
    "server": {"base", "protocol", "load", "stats"},
    "command": {"base", "protocol", "load", "stats", "engine", "report", "server"},
}
LIBWEBSOCKETS = re.compile(r"src/(engine/lws_\w+\.[ch]|server/\w+\.[ch])$")
BANNED = re.compile(r"\b(v?sprintf|strcpy|strcat|atoi|atol|atof|strtok|gets|s?rand)\s*\(")
PRINTING = re.compile(r"\b(v?f?printf|f?puts|f?putc|putchar|perror)\s*\(")
EXITING = re.compile(r"\b(_?exit|quick_exit)\s*\(")
PRINTERS = {"report", "command", "main"}
EXITERS = {"command", "main"}
FILE_LINES, FUNCTION_LINES, COLUMNS = 500, 70, 100

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
ROOM_HEADER = re.compile(r"^wsload/(\w+)/(\w+)\.h$")
NOISE = re.compile(r'"(\\.|[^"\\\n])*"|/\*.*?\*/|//[^\n]*', re.DOTALL)


def room_of(path):
    """The room that src/ROOM/x.c or include/wsload/ROOM/x.h belongs to; "main" for src/main.c."""
    parts = path.parts
    if parts == ("src", "main.c"):
        return "main"
    return parts[2] if parts[0] == "include" else parts[1]


def without_noise(text):
    """TEXT with comments and strings blanked, lines kept."""
    return NOISE.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def check_include(path, room, name):
    header = ROOM_HEADER.match(name)
    if header and room != "main" and header[1] != room and header[1] not in BELOW[room]:
        yield f"room {room} may not use room {header[1]}"
    if name.startswith(("libwebsockets", "lws")) and name != "lws_internal.h":
        if not LIBWEBSOCKETS.search(path.as_posix()):
            yield "libwebsockets is for src/engine/lws_* and src/server alone"


def check_calls(room, code):
    if BANNED.search(code):
        yield f"{BANNED.search(code)[1]} is banned"
    if room not in PRINTERS and PRINTING.search(code):
        yield f"{PRINTING.search(code)[1]}: only report and command print"
    if room not in EXITERS and EXITING.search(code):
        yield f"{EXITING.search(code)[1]}: only command and main end the process"


def check_lines(path, text):
    """Yields (line number, break) for what stands on one line."""
    room = room_of(path)
    code = without_noise(text).splitlines()
    for number, line in enumerate(text.splitlines(), 1):
        include = INCLUDE.match(line)
        problems = check_include(path, room, include[2]) if include else []
        for problem in [*problems, *check_calls(room, code[number - 1])]:
            yield number, problem
        if len(line) > COLUMNS:
            yield number, f"{len(line)} columns, {COLUMNS} at most"


def check_sizes(text):
    lines = text.splitlines()
    if len(lines) > FILE_LINES:
        yield 1, f"{len(lines)} lines, {FILE_LINES} at most"
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":  # a function's own brace stands alone in the first column
            start = number
        elif line == "}" and start:
            if number - start + 1 > FUNCTION_LINES:
                yield start, f"a function of {number - start + 1} lines, {FUNCTION_LINES} at most"
            start = None


def check_opening(path, text):
    """A source opens with its own header, a header is guarded by its own name."""
    if path.suffix == ".h":
        parts = path.parts[1:] if path.parts[0] == "include" else ("wsload", *path.parts[1:])
        guard = "_".join((*parts[:-1], path.stem)).upper() + "_H"
        if f"#ifndef {guard}\n#define {guard}\n" not in text:
            yield 1, f"the guard is not {guard}"
    elif room_of(path) != "main" and not text.startswith('#include "'):
        yield 1, "its own header does not come first"


def breaks(root):
    """Every break of the rules under ROOT, as text."""
    for path in sorted([*root.glob("src/**/*.[ch]"), *root.glob("include/**/*.h")]):
        text = path.read_text(encoding="utf-8")
        short = path.relative_to(root)
        found = [*check_lines(short, text), *check_sizes(text), *check_opening(short, text)]
        for number, problem in sorted(found):
            yield f"{short}:{number}: {problem}"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    found = list(breaks(root))
    print("\n".join(found) or "the house stands")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
