#!/usr/bin/python3
"""Every rule of rules.py can break."""

import pathlib
import tempfile
import unittest

import rules

HEADER = "#ifndef WSLOAD_STATS_A_H\n#define WSLOAD_STATS_A_H\n#endif\n"


class Rules(unittest.TestCase):
    def breaks(self, name, text):
        return self.breaks_of({name: text})

    def breaks_of(self, files):
        with tempfile.TemporaryDirectory() as directory:
            for name, text in files.items():
                path = pathlib.Path(directory, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            return list(rules.breaks(pathlib.Path(directory)))

    def source(self, room, body):
        return self.breaks(f"src/{room}/a.c", f'#include "wsload/{room}/a.h"\n{body}')

    def test_what_is_allowed(self):
        function = "int f(void)\n{\n" + "    g();\n" * 68 + "}\n"
        for room, body in (
            ("stats", '#include "wsload/load/plan.h"\n'),
            ("server", "#include <libwebsockets.h>\n"),
            ("report", 'printf("x");\n'),
            ("command", '#include "wsload/server/server.h"\nexit(2);\n'),
            ("base", "/* sprintf(x) */ snprintf(a); // exit(1)\n"),
            ("base", 'log("atoi(x)"); my_exit(3);\n'),
            ("base", function),
            ("base", "/* --- Free slots, in turn --- */\n\n/* --help names it */\n"),
            ("base", "int f(int *p)\n{\n    int i = 0;\n    return p ? i : *p;\n}\n\nint i;\n"),
            ("base", "struct template\n{\n    int i;\n\n    int j;\n};\n"),
            ("base", '/* p == NULL */ log("== NULL"); f(NULL);\n'),
        ):
            self.assertEqual(self.source(room, body), [], body)
        self.assertEqual(self.breaks("include/wsload/stats/a.h", HEADER), [])
        self.assertEqual(self.breaks("src/main.c", '#include "wsload/command/run.h"\nexit(1);'), [])

    def test_what_is_not(self):
        for room, body, text in (
            ("base", '#include "wsload/load/plan.h"\n', "may not use room load"),
            ("report", '#include "wsload/engine/engine.h"\n', "may not use room engine"),
            ("server", '#include "wsload/report/json.h"\n', "may not use room report"),
            ("engine", "#include <libwebsockets.h>\n", "libwebsockets is for"),
            ("base", "sprintf(a);\n", "sprintf is banned"),
            ("base", "x = atoi (a);\n", "atoi is banned"),
            ("engine", 'fprintf(stderr, "x");\n', "only report and command print"),
            ("stats", "exit(1);\n", "only command and main"),
            ("base", "x" * 101 + "\n", "101 columns"),
            ("base", "int f(void)\n{\n" + "    g();\n" * 69 + "}\n", "a function of 71 lines"),
            ("base", "\n" * 500, "501 lines"),
            ("base", "if (p == NULL)\n", "not compared with NULL"),
            ("server", "while ((p = next(p)) != NULL)\n", "not compared with NULL"),
            ("load", "if (NULL != p)\n", "not compared with NULL"),
            ("base", "/* ---- the thread ---- */\n", "/* --- Name --- */"),
            ("base", "/* === The thread === */\n", "/* --- Name --- */"),
            ("base", "/* --- The thread */\n", "/* --- Name --- */"),
            ("base", "int f(void)\n{\n    int i;\n\n    return g(&i);\n}\n", "a blank line inside"),
            ("base", "int f(void)\n{\n    g();\n\n    return 0;\n}\n", "a blank line inside"),
        ):
            found = self.source(room, body)
            self.assertEqual(len(found), 1, (body, found))
            self.assertIn(text, found[0])

    def test_openings(self):
        [found] = self.breaks("include/wsload/load/a.h", HEADER)
        self.assertIn("the guard is not WSLOAD_LOAD_A_H", found)
        [found] = self.breaks("src/load/a.c", "#include <stdio.h>\n")
        self.assertIn("its own header", found)

    def circle(self, a="", b="", a_header=""):
        """What is said of a room of two files, each with a header, with these bodies."""
        header = HEADER.replace("STATS", "BASE")
        return self.breaks_of(
            {
                "include/wsload/base/a.h": header + a_header,
                "src/base/a_internal.h": header.replace("BASE_A", "BASE_A_INTERNAL"),
                "src/base/a.c": '#include "wsload/base/a.h"\n' + a,
                "src/base/b.h": header.replace("BASE_A", "BASE_B"),
                "src/base/b.c": '#include "b.h"\n' + b,
            }
        )

    def test_circles_of_includes(self):
        use_a, use_b = '#include "wsload/base/a.h"\n', '#include "b.h"\n'
        use_inner = '#include "a_internal.h"\n'
        for fine in (
            {"b": use_a},
            {"a": use_b},
            {"a_header": use_b},
            {"a": use_inner, "b": use_inner},
            {"a": use_b, "b": "#include <wsload/base/a.h>\n"},
        ):
            self.assertEqual(self.circle(**fine), [], fine)
        for bad in (
            {"a": use_b, "b": use_a},
            {"a_header": use_b, "b": use_a},
            {"a": use_b, "b": use_inner},
        ):
            self.assertEqual(self.circle(**bad), ["src/base: a circle of files: a -> b -> a"], bad)

    def test_circles_of_calls(self):
        """Whoever declares what is called."""

        def function(name, body):
            return f"int {name}(struct x *x,\n    int y)\n{{\n    return {body};\n}}\n"

        for fine in (
            {"a": function("in_a", "in_b(x)"), "b": function("in_b", "1")},
            {"a": function("in_a", "in_b(x)"), "b": function("in_b", "x->in_a")},
            {"a": function("in_a", "in_b(x)"), "b": function("in_b", '"in_a" /* in_a */')},
            {"a": "static " + function("both", "in_b(x)"), "b": function("in_b", "both(x)")},
        ):
            self.assertEqual(self.circle(**fine), [], fine)
        for bad in (
            {"a": function("in_a", "in_b(x)"), "b": function("in_b", "in_a(x)")},
            {"a": function("in_a", "1") + '#include "b.h"\n', "b": function("in_b", "&in_a")},
        ):
            self.assertEqual(self.circle(**bad), ["src/base: a circle of files: a -> b -> a"], bad)

    def test_circles_in_larger_rooms(self):
        for graph, circle in (
            ({}, []),
            ({"a": set(), "b": {"a"}, "c": {"a", "b"}}, []),
            ({"a": {"a"}}, []),
            ({"a": {"b"}, "b": {"c"}, "c": {"b"}}, ["b", "c", "b"]),
            ({"a": {"b"}, "b": {"c"}, "c": {"d", "a"}, "d": set()}, ["a", "b", "c", "a"]),
            ({"a": {"elsewhere"}}, []),
        ):
            self.assertEqual(rules.find_circle(graph), circle)


if __name__ == "__main__":
    unittest.main()
