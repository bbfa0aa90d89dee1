"""The network's share, over a path that is slow and lossy on purpose: wsload and a server are in
network namespaces of their own, and what wsload says is what the path itself has seen."""

import os
import re
import time
import unittest

import harness
import netpath

HOLD_S = 0.04  # each way
CONTROL = 50  # bytes of a segment that may be a control frame
SHORT = "a short prompt " * 5
LONG = "a text of several segments " * 330


class Losses:
    """Every EVERY-th segment of messages, in each direction, is lost the first time it comes."""

    def __init__(self, every):
        self.every = every
        self.known = {True: set(), False: set()}  # outbound, or not
        self.lost = {True: 0, False: 0}

    def __call__(self, outbound, segment):
        name, known = (segment.ports, segment.seq), self.known[outbound]
        if segment.payload <= CONTROL or name in known:
            return False
        known.add(name)
        lost = len(known) % self.every == 0
        self.lost[outbound] += lost
        return lost


class Silence:
    """Nothing of what goes out arrives after the first segment with data, the handshake's."""

    def __init__(self):
        self.handshake = None

    def __call__(self, outbound, segment):
        if not outbound or segment.payload == 0:
            return False
        self.handshake = self.handshake or segment.seq
        return segment.seq != self.handshake


class LateFirst:
    """The first segment of the reply is lost; what comes after it waits until it was sent again."""

    def __init__(self):
        self.answered = False  # the handshake
        self.asked = None  # when the prompt was seen
        self.lost = None  # the segment
        self.again = None  # when it was seen again

    def __call__(self, outbound, segment):
        now = time.monotonic()
        if segment.payload <= CONTROL:
            return False
        if outbound:
            self.asked = now if self.answered else None  # what comes before that is the handshake
        elif not self.answered:
            self.answered = True
        elif self.lost is None:
            self.lost = segment.seq
            return True
        elif segment.seq == self.lost:
            self.again = self.again or now
        return False


class Network(harness.Case):
    @classmethod
    def setUpClass(cls):
        if netpath.possible():
            return
        missing = "no network namespaces or no /dev/net/tun here: run this as root"
        if os.environ.get("CI") == "true":
            raise RuntimeError(missing)
        raise unittest.SkipTest(missing)

    def run_over(self, path, *args, script="ws_echo.js", **options):
        """wsload at the near end, a server that is not ours at the far one. The path ends then."""
        self.addCleanup(path.end)
        node = path.far.command("node", harness.SERVERS / script)
        server = self.server(node, {"host": netpath.FAR, **options})
        program, *flags = path.near.command(harness.WSLOAD, *args, server.url(host=netpath.FAR))
        run = self.wsload(*flags, self.prompts(SHORT, LONG), program=program)
        server.end()
        path.end()
        return run

    def wrong_round_trips(self, run, path):
        """Those of wsload that are not within 5 % of the path's own."""
        wrong = {}
        for name, of in (("rtt", "srtt"), ("min_rtt", "min_rtt")):
            seen = sorted(getattr(connection, of) for connection in path.connections.values())
            told = run.summary["network"][name]
            for figure, value in (("min", seen[0]), ("median", seen[len(seen) // 2]),
                                  ("average", sum(seen) / len(seen)), ("max", seen[-1])):
                if abs(told[figure] - value) > 0.05 * value:
                    wrong[name, figure] = told[figure], value
        return wrong

    def test_round_trips_are_those_of_the_path(self):
        """Five connections share a line that carries their replies one after the other. On a busy
        machine the path may see a segment late: one attempt of five must be right."""
        wrong = []
        while len(wrong) < 5:
            path = netpath.Path(HOLD_S)
            path.limit_replies("2mbit")
            run = self.run_over(path, "-c", 5, "-n", 25, reply=LONG)
            self.assert_passed(run, 25)
            self.assertEqual(len(path.connections), 5)
            network = run.summary["network"]
            self.assertGreaterEqual(network["min_rtt"]["min"], 2 * HOLD_S)
            self.assertGreater(network["rtt"]["average"], network["min_rtt"]["average"])
            self.assertRegex(run.out, r"\nnetwork       RTT p50 \d+(\.\d)? ms \(min \d+(\.\d)?\)\n")
            wrong.append(self.wrong_round_trips(run, path))
            if not wrong[-1]:
                return
        self.fail(wrong)

    def test_segments_that_went_astray_are_counted(self):
        losses = Losses(7)
        path = netpath.Path(0.005, losses)
        run = self.run_over(path, "-c", 5, "-n", 30)
        self.assert_passed(run, 30)
        network = run.summary["network"]
        self.assertGreater(losses.lost[False], 5)
        self.assertGreater(losses.lost[True], 5)
        self.assertGreaterEqual(network["retransmits"], losses.lost[True])
        self.assertEqual(network["retransmits"], path.total("sent_again"))
        self.assertGreater(network["out_of_order"], losses.lost[False] / 2)
        self.assertEqual(network["out_of_order"], path.total("out_of_order"))
        self.assertEqual(network["lost"], 0)
        again = f"   {network['retransmits']} segments sent again\n"
        self.assertRegex(run.out, r"\nnetwork       RTT p50 .*" + re.escape(again))

    def test_no_message_is_earlier_than_one_before_it(self):
        """The kernel has the last message of a reply before the first, which was sent again, and
        gives both at once with the stamp of the last."""
        loss = LateFirst()
        path = netpath.Path(0.005, loss)
        reply = {"before": ["the first " * 20], "gap_ms": 30, "end": ["the last " * 20]}
        flags = ("-c", 1, "-n", 1, "--reply-end", "count:2")
        run = self.run_over(path, *flags, script="assistant.js", **reply)
        self.assert_passed(run, 1)
        self.assertGreaterEqual(run.summary["network"]["out_of_order"], 1)
        for name in ("ttfm", "latency"):
            self.assertGreater(run.summary[name]["min"], loss.again + path.hold_s - loss.asked)

    def test_what_never_arrives_is_lost(self):
        """The connection is dropped at last, for its peer does not answer the close either."""
        path = netpath.Path(0.001, Silence())
        run = self.run_over(path, "-c", 1, "-n", 1, "--timeout", "200ms")
        self.assertEqual(run.errors(), {("reply_timeout", ""): 1}, run)
        network = run.summary["network"]
        self.assertEqual(network["lost"], 1, network)
        self.assertIn(network["retransmits"], range(1, path.total("sent_again") + 1))


if __name__ == "__main__":
    netpath.become_root()
    harness.main()
