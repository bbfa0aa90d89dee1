#!/usr/bin/python3
"""Checks the rules of the house that a machine can check. usage: rules.py [ROOT]

Rooms use only rooms above them, and the files of a room use each other without a circle;
libwebsockets stays where it belongs; what is banned is absent; all speak one dialect; functions and
files have their size. Prints each break as file:line: text.
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
    "judge": {"base", "protocol", "load", "stats"},
    "engine": {"base", "protocol", "load", "stats", "judge"},
    "report": {"base", "protocol", "load", "stats", "judge"},
    "server": {"base", "protocol", "load", "stats", "judge"},
    "command": {"base", "protocol", "load", "stats", "judge", "engine", "report", "server"},
}
LIBWEBSOCKETS = re.compile(r"src/(engine/lws_\w+\.[ch]|server/\w+\.[ch])$")
BANNED = re.compile(r"\b(v?sprintf|strcpy|strcat|atoi|atol|atof|strtok|gets|s?rand)\s*\(")
PRINTING = re.compile(r"\b(v?f?printf|f?puts|f?putc|putchar|perror)\s*\(")
EXITING = re.compile(r"\b(_?exit|quick_exit)\s*\(")
PRINTERS = {"report", "command", "main"}
EXITERS = {"command", "main"}
FILE_LINES, FUNCTION_LINES, COLUMNS = 500, 70, 100

# Rooms that do not keep to the rules on dialect and on circles yet. Both end empty.
DIALECT_LATER = {"report"}
CIRCLES_LATER = set()

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
ROOM_HEADER = re.compile(r"^wsload/(\w+)/(\w+)\.h$")
NULL = re.compile(r"[!=]=\s*NULL\b|\bNULL\s*[!=]=")
RULER = re.compile(r"/\*\s*[-=*]{3,}")
SECTION = re.compile(r"/\* --- \S.* --- \*/$")
FUNCTION = re.compile(r"^(?!static\b)[a-z][\w *]*\b(\w+)\([^;{}]*\)\n\{", re.MULTILINE)
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


def check_dialect(line, code):
    if NULL.search(code):
        yield "a pointer is asked with p or !p, not compared with NULL"
    if RULER.match(line) and not SECTION.match(line):
        yield "a section begins with /* --- Name --- */"


def check_lines(path, text):
    """Yields (line number, break) for what stands on one line."""
    room = room_of(path)
    code = without_noise(text).splitlines()
    for number, line in enumerate(text.splitlines(), 1):
        include = INCLUDE.match(line)
        problems = list(check_include(path, room, include[2])) if include else []
        problems += check_calls(room, code[number - 1])
        if room not in DIALECT_LATER:
            problems += check_dialect(line, code[number - 1])
        for problem in problems:
            yield number, problem
        if len(line) > COLUMNS:
            yield number, f"{len(line)} columns, {COLUMNS} at most"


def check_functions(path, text):
    """Functions have their size, and no blank lines; files have their size."""
    lines = text.splitlines()
    if len(lines) > FILE_LINES:
        yield 1, f"{len(lines)} lines, {FILE_LINES} at most"
    start = None
    for number, line in enumerate(lines, 1):
        # a function's own brace stands alone in the first column
        if line == "{" and lines[number - 2].endswith(")"):
            start = number
        elif line == "}" and start:
            if number - start + 1 > FUNCTION_LINES:
                yield start, f"a function of {number - start + 1} lines, {FUNCTION_LINES} at most"
            start = None
        elif not line and start and room_of(path) not in DIALECT_LATER:
            yield number, "a blank line inside a function"


def check_opening(path, text):
    """A source opens with its own header, a header is guarded by its own name."""
    if path.suffix == ".h":
        parts = path.parts[1:] if path.parts[0] == "include" else ("wsload", *path.parts[1:])
        guard = "_".join((*parts[:-1], path.stem)).upper() + "_H"
        if f"#ifndef {guard}\n#define {guard}\n" not in text:
            yield 1, f"the guard is not {guard}"
    elif room_of(path) != "main" and not text.startswith('#include "'):
        yield 1, "its own header does not come first"


def module_of(path):
    """A source, its header and its room's own header of the name are one module."""
    return path.stem.removesuffix("_internal")


def used_modules(path, text, owners):
    """The modules of its room that PATH includes a header of or names a function of."""
    for line in text.splitlines():
        include = INCLUDE.match(line)
        if include and include[1] == '"':
            header = pathlib.Path(include[2])
            if header.parent.as_posix() in (".", f"wsload/{room_of(path)}"):
                yield module_of(header)
    if path.suffix == ".c":
        for name in re.findall(r"(?<!struct )(?<![.>])\b\w+\b", without_noise(text)):
            if name in owners:
                yield owners[name]


def find_circle(graph):
    """The modules of one circle in GRAPH, {module: modules it uses}, or nothing."""
    while leaves := {module for module in graph if not graph[module] & graph.keys() - {module}}:
        graph = {module: graph[module] for module in graph.keys() - leaves}
    path = [min(graph)] if graph else []
    while path and path[-1] not in path[:-1]:
        path.append(min(graph[path[-1]] & graph.keys() - {path[-1]}))
    return path[path.index(path[-1]) :] if path else []


def check_circles(texts):
    """Yields (room, break) for TEXTS, {path: text} of all rooms."""
    for room in BELOW.keys() - CIRCLES_LATER:
        files = {path: text for path, text in texts.items() if room_of(path) == room}
        owners = {}
        for path, text in files.items():
            for name in FUNCTION.findall(without_noise(text)):
                owners[name] = module_of(path)
        graph = {module_of(path): set() for path in files}
        for path, text in files.items():
            graph[module_of(path)].update(used_modules(path, text, owners))
        if circle := find_circle(graph):
            yield room, f"a circle of files: {' -> '.join(circle)}"


def breaks(root):
    """Every break of the rules under ROOT, as text."""
    paths = sorted([*root.glob("src/**/*.[ch]"), *root.glob("include/**/*.h")])
    texts = {path.relative_to(root): path.read_text(encoding="utf-8") for path in paths}
    for path, text in texts.items():
        found = [*check_lines(path, text), *check_functions(path, text)]
        for number, problem in sorted([*found, *check_opening(path, text)]):
            yield f"{path}:{number}: {problem}"
    for room, problem in sorted(check_circles(texts)):
        yield f"src/{room}: {problem}"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    found = list(breaks(root))
    print("\n".join(found) or "the house stands")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
