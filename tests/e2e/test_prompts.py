"""Files of prompts of every form, and their members and columns as variables, as the server saw it."""

import json

import harness

OBJECTS = (
    '{"Question": "Où est-il ?", "lang": "fr", "n": 1.10, "vip": true}\n'
    '{"Question": "say \\"hi\\"", "lang": "e\\"n", "n": 12345678901234567890, "vip": false}\n'
)
TABLE = 'id of row,Question,lang\r\n1,"Where,\r\n""exactly""?",en\r\n2,Où ?,fr\r\n'
TEMPLATE = '{"q": "{{prompt}}", "lang": "{{lang}}", "n": {{n}}, "vip": {{vip}}}'


class Case(harness.Case):
    def sent(self, *args, **how):
        """The messages of a run that passes, in order."""
        server = self.node()
        url = server.url()
        run = self.wsload("-c", 1, *(url if arg is None else arg for arg in args), **how)
        texts = server.stop()["texts"]
        self.assert_passed(run, run.summary["total_requests"])
        return texts


class Forms(Case):
    def test_json_lines_by_content_whatever_the_name(self):
        expected = [
            {"q": "Où est-il ?", "lang": "fr", "n": "1.10", "vip": True},
            {"q": 'say "hi"', "lang": 'e"n', "n": "12345678901234567890", "vip": False},
        ]
        flags = ("--prompt-field", "Question", "--template", TEMPLATE)
        for name in ("q.jsonl", "q.txt", "q.csv", "q", "-"):
            with self.subTest(name=name):
                file = self.write(name, OBJECTS) if name != "-" else name
                stdin = OBJECTS.encode() if name == "-" else None
                texts = self.sent(*flags, None, file, stdin=stdin)
                seen = [json.loads(text, parse_int=str, parse_float=str) for text in texts]
                self.assertEqual(seen, expected)

    def test_csv_with_a_header(self):
        flags = ("--template", '{{id of row}} {{lang:raw}} "{{prompt}}"')
        expected = ['1 en "Where,\\n\\"exactly\\"?"', '2 fr "Où ?"']
        for name, field in (("q.csv", ()), ("q.txt", ("--prompt-field", "Question")),
                            ("-", ("--prompt-field", "Question"))):
            with self.subTest(name=name):
                file = self.write(name, TABLE) if name != "-" else name
                stdin = TABLE.encode() if name == "-" else None
                self.assertEqual(self.sent(*flags, *field, None, file, stdin=stdin), expected)

    def test_text_that_begins_with_braces_stays_text(self):
        file = self.write("p.txt", "{name}, please\n")
        self.assertEqual(self.sent(None, file), ['{"message": "{name}, please"}'])
        texts = self.sent("--template", "{{prompt:raw}}", None, file)
        self.assertEqual(texts, ["{name}, please"])

    def test_whole_lines_of_json_can_be_sent(self):
        lines = ['{"action": "a", "prompt": "b"}', '{"action": "c"}']
        file = self.write("p.txt", "\n".join(lines))
        self.assertEqual(self.sent("--template", "{{prompt:raw}}", None, file), lines)

    def test_a_step_before_a_request_has_its_fields(self):
        steps = {"before_request": [
            {"send": "{{lang}}"}, {"send": "{{prompt:part}}", "parts_of": "{{n:raw}}", "part_characters": 9},
        ]}
        file = self.write("q.jsonl", OBJECTS.replace("1.10", "1"))
        texts = self.sent("--setup", self.write("steps", json.dumps(steps)), None, file)
        self.assertEqual(texts[0:3], ["fr", "1", '{"message": "Où est-il ?"}'])
        self.assertEqual(texts[3:6], ['e\\"n', "123456789", "012345678"])

    def test_the_rows_go_round(self):
        file = self.write("q.csv", "prompt,x\na,1\nb,2\n")
        texts = self.sent("-n", 5, "--template", "{{prompt}}{{x}}", None, file)
        self.assertEqual(texts, ["a1", "b2", "a1", "b2", "a1"])

    def test_a_rate_ends_with_the_file_and_says_so(self):
        file = self.prompts("a", "b", "c")
        run = self.wsload("-r", 100, self.node().url(), file)
        self.assert_passed(run, 3)
        self.assertIn("each of 3 prompts had been sent once", run.out)
        run = self.wsload("-r", 100, "-n", 7, self.node().url(), file)
        self.assert_passed(run, 7)
        self.assertNotIn("had been sent once", run.out)

    def test_beside_users(self):
        users = self.write("users.csv", "name\nann\n")
        file = self.write("q.csv", "prompt,x\na,1\n")
        flags = ("--users", users, "--template", "{{prompt}} {{x}} {{name}}")
        self.assertEqual(self.sent(*flags, None, file), ["a 1 ann"])


class Mistakes(harness.Case):
    def check(self, *args, texts, **how):
        with self.subTest(args=args):
            run = self.wsload(*args, **how)
            self.assert_mistake(run, *texts)
            self.assertEqual(run.err.count("\n"), 1, run)

    def with_file(self, name, content, *flags):
        return (*flags, "ws://127.0.0.1:9/", self.write(name, content))

    def test_of_the_form(self):
        lines = '{"text": "a"}\n'
        for args, texts in (
            (self.with_file("p.csv", "text,lang\na,b\n"),
             ("p.csv: line 1", "'text', 'lang'", "--prompt-field")),
            (self.with_file("p.txt", lines), ("p.txt", "--prompt-field", "{{prompt:raw}}")),
            (self.with_file("r.txt", "Why?\n", "--prompt-field", "q"),
             ("r.txt: line 1", "column 'q'", "'Why?'")),
            (self.with_file("p.json", "[" + lines.strip() + "]", "--prompt-field", "text"),
             ("p.json: line 1", "array")),
            (self.with_file("p.jsonl", lines + "\nx\n", "--prompt-field", "text"),
             ("p.jsonl: line 3", "not a JSON object")),
            (self.with_file("q.csv", "prompt\na\nb,c\n"), ("q.csv: line 3: 2 cells",)),
        ):
            self.check(*args, texts=texts)
        self.check("ws://127.0.0.1:9/", "-", texts=("standard input", "--prompt-field"),
                   stdin=lines.encode())

    def test_of_fields(self):
        lines = '{"prompt": "a", "lang": "b", "list": []}\n\n{"prompt": "c"}\n'
        setup = self.write("steps", json.dumps({"on_connect": [{"send": "{{lang}}"}]}))
        users = self.write("users.csv", "lang\nde\n")
        for flags, texts in (
            (("--template", "{{prompt}}{{lnag}}"),
             ("{{lnag}}", "{{prompt}}", "{{seq}}", "{{lang}}", "{{list}}", "mean {{lang}} ?")),
            (("--template", "{{prompt}}{{lang}}"), ("p.jsonl: line 3", "no member 'lang'")),
            (("--template", "{{prompt}}{{list}}"), ("p.jsonl: line 1", "'list'", "string, number")),
            (("--setup", setup), ("--setup", "on_connect 1", "{{lang}}")),
            (("-H", "X: {{lang}}"), ("--header", "{{lang}}")),
            (("--users", users, "--template", "{{prompt}}{{lang}}"), ("{{lang}}", "rename")),
        ):
            self.check(*self.with_file("p.jsonl", lines, *flags), texts=texts)

    def test_a_row_that_makes_a_message_too_long(self):
        table = "prompt,x\na,1\n\"b\n\",{}\n".format("y" * (128 * 1024))
        args = self.with_file("p.csv", table, "--template", "{{prompt}}{{x}}")
        self.check(*args, texts=("p.csv: line 3", "131,075 bytes", "--allow-oversize"))


if __name__ == "__main__":
    harness.main()
