#!/usr/bin/python3
"""Every rule of rules.py can break."""

import pathlib
import tempfile
import unittest

import rules

HEADER = "#ifndef WSLOAD_STATS_A_H\n#define WSLOAD_STATS_A_H\n#endif\n"


class Rules(unittest.TestCase):
    def breaks(self, name, text):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory, name)
            path.parent.mkdir(parents=True)
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
        ):
            found = self.source(room, body)
            self.assertEqual(len(found), 1, (body, found))
            self.assertIn(text, found[0])

    def test_openings(self):
        [found] = self.breaks("include/wsload/load/a.h", HEADER)
        self.assertIn("the guard is not WSLOAD_LOAD_A_H", found)
        [found] = self.breaks("src/load/a.c", "#include <stdio.h>\n")
        self.assertIn("its own header", found)


if __name__ == "__main__":
    unittest.main()
