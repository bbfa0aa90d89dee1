#!/usr/bin/python3
"""What the benchmark makes of the figures that it takes."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "bench"))

import rows
import run

STEADY, JUST_STEADY, NOISY = (100, 101, 102), (100, 110, 120), (100, 140, 101)


def line(others, ours=(150, 150, 150), **bound):
    check = rows.Check("messages/s", "rate", **bound)
    return run.judge(
        check,
        [
            {"wsload": {"rate": one}, "other": None if other is None else {"rate": other}}
            for one, other in zip(ours, others)
        ],
    )


class Judging(unittest.TestCase):
    def test_a_ratio_needs_a_steady_machine(self):
        for others, bound, ratio, met in (
            (STEADY, {"ratio": 1.6}, "1.49", True),
            (STEADY, {"ratio": 1.4}, "1.49", False),
            (STEADY, {}, "1.49", None),
            (JUST_STEADY, {"ratio": 1.6}, "1.36", True),
            (NOISY, {"ratio": 1.6}, "invalid", None),
            (NOISY, {"ratio": 1.4}, "invalid", None),
            (NOISY, {}, "invalid", None),
            (NOISY, {"value": 160}, "invalid", True),  # needs no other
            (NOISY, {"value": 140}, "invalid", False),  # which the other stays under
            (NOISY, {"value": 90}, "invalid", None),  # which neither does
            (STEADY, {"value": 90}, "1.49", False),
            ((100,), {"ratio": 1.6}, "1.50", True),  # one run says nothing of noise
            ((None,) * 3, {"value": 160}, "-", True),
            ((None,) * 3, {"ratio": 1.6}, "-", False),
        ):
            with self.subTest(others=others, **bound):
                judged = line(others, **bound)
                self.assertEqual((run.ratio_of(judged)[0], judged["met"]), (ratio, met))

    def test_the_noise_is_told(self):
        self.assertEqual(run.ratio_of(line(NOISY)), ("invalid", "spread 40%"))

    def test_wsloads_own_noise_is_no_reason(self):
        self.assertFalse(line(STEADY, ours=NOISY)["invalid"])

    def test_what_was_not_judged_is_counted_apart(self):
        lines = [line(STEADY, ratio=1.6), line(STEADY, ratio=1.4), line(STEADY), line(NOISY)]
        self.assertEqual(run.summed_up(lines), "1 of 2 expectations met")
        lines += [line(NOISY, ratio=1.6), line(NOISY, value=160)]
        self.assertEqual(
            run.summed_up(lines),
            "2 of 3 expectations met, 1 not judged: the machine was too noisy",
        )


if __name__ == "__main__":
    unittest.main()
