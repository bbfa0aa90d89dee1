"""What the tests of chat backends and of replies share: their servers, prompts that carry the
script of their own reply (servers/replies.js), and questions to a summary."""

import json

import harness

SCRIPTED = '{"id": "{{id}}", "do": {{prompt:raw}}}'


class Case(harness.Case):
    def backend(self, name, **options):
        return self.server(
            ["node", harness.SERVERS / "backends.js"], {"backend": name, **options}
        )

    def replies(self, **options):
        return self.server(["node", harness.SERVERS / "replies.js"], options)

    def scripts(self, *scripts):
        """Prompts of which each says what its reply is to be: [[milliseconds, verb, argument]]."""
        return self.prompts(*(json.dumps(script) for script in scripts))

    def play(self, server, scripts, *flags, **how):
        """Runs wsload with a prompt for each script, on one connection unless FLAGS say more."""
        count = () if "-c" in flags else ("-c", 1)
        return self.wsload(
            "--template", SCRIPTED, *count, *flags, server.url(), self.scripts(*scripts), **how
        )

    def assert_counts(self, run, ok=0, failed=0, late=0, unsolicited=0, ignored=0):
        """What became of requests, and of the messages that belong to none."""
        summary = run.summary
        seen = {
            "ok": summary["successful_requests"],
            "failed": summary["failed_requests"],
            "late": summary["late_messages"],
            "unsolicited": summary["unsolicited_messages"],
            "ignored": summary["ignored_messages"],
        }
        wanted = {
            "ok": ok, "failed": failed, "late": late, "unsolicited": unsolicited, "ignored": ignored
        }
        self.assertEqual(seen, wanted, run)

    def assert_messages(self, run, least, most=None):
        """Every reply had from LEAST to MOST messages, and some had these very numbers."""
        per_reply = run.summary["messages_per_reply"]
        self.assertEqual((per_reply["min"], per_reply["max"]), (least, most or least), per_reply)

    def assert_openings(self, run, counts):
        """The server saw each connection, and closes with 1000; but one that was only opening when
        the run ended was dropped."""
        connections = run.summary["connections"]
        opened = sum(connections[how] for how in ("opened", "reopened", "rotated"))
        dropped = counts["connections"] - opened
        self.assertTrue(0 <= dropped <= connections["requested"], (connections, counts))
        self.assertEqual(counts["closes"].get("1006", 0), dropped)

    def records(self, path):
        """The lines that --record wrote."""
        return [json.loads(line) for line in (self.dir / path).read_text().splitlines()]


main = harness.main
