"""Histograms and interval logs as HdrHistogram's own libraries read them.

PyPI hdrhistogram, npm hdr-histogram-js and HdrHistogram itself (Java, libhdrhistogram-java).
The values are made here and are counted by wsload's own code, histogram_tool.c.

The libraries say the end of a percentile's bucket; wsload says no more than the exact maximum. They
differ in how they round a rank: a quarter below a whole number is the same rank for all of them.
"""

import bisect
import collections
import itertools
import json
import math
import os
import random
import re
import subprocess
import sys
import tempfile
import unittest

import harness
import histograms

sys.path.insert(0, str(harness.HERE / "python_modules"))
import hdrh.histogram
import hdrh.log

TOOL = os.environ["HISTOGRAM_TOOL"]
JAR = "/usr/share/java/hdrhistogram.jar"
HOUR = 3_600_000_000_000
STEPS = 1024
START_S = 1_700_000_000
HGRM_LINE = re.compile(r" *(\d+)\.000 +([01]\.\d{12}) +(\d+)( .*)?")
INTERVAL_LINE = re.compile(r"([\d.]+): I:(\d+) \( *(\d+)\.000 +(\d+)\.000 +(\d+)\.000 \) .*")


def samples():
    """{name: {value: count}}"""
    random.seed(9)
    counter = collections.Counter
    many = counter(int(random.lognormvariate(18, 1.2)) for _ in range(20_000))
    wide = counter(int(2 ** random.uniform(0, math.log2(HOUR))) for _ in range(999))
    return {
        "one": counter([123_456_789]),
        "zeros": counter([0, 0, 0, 5]),
        "each below 5000": counter(range(5000)),
        "edges of buckets": counter(
            (1 << bits) + step for bits in range(1, 42) for step in (-1, 0, 1)
        ),
        "as of a run": many,
        "as wide as can be": wide,
        "over an hour": counter([HOUR - 1, HOUR, HOUR + 1, 1 << 43, 1 << 60]),
        "large counts": counter({1 << bits: random.randrange(1, 1 << 40) for bits in range(41)}),
    }


def percents_of(count):
    """From 0 to 100 in many steps, each of a rank that all libraries agree about."""
    ranks = sorted({max(1, round(step * count / STEPS)) for step in range(STEPS + 1)})
    return [0, *(100 * (rank - 0.25) / count for rank in ranks if count < 1 << 20),
            *(100 * (step + 0.5) / STEPS for step in range(STEPS) if count >= 1 << 20), 100]


def ask_tool(*lines):
    done = subprocess.run(
        [TOOL], input="".join(f"{line}\n" for line in lines), capture_output=True, text=True,
        timeout=60, check=True,
    )
    assert not done.stderr, done.stderr
    return done.stdout.splitlines()


def encode(values):
    [code] = ask_tool(*(f"record {value} {count}" for value, count in values.items()), "encode")
    return code


def tool_percentiles(code, percents):
    """The ends of the buckets: a decoded histogram knows no exact maximum."""
    count, *values = ask_tool(f"decode {code}", *(f"percentile {p!r}" for p in percents))
    return int(count), [int(value) for value in values]


def ask_node(codes, log=""):
    done = subprocess.run(
        ["node", harness.HERE / "histogram_reader.js"],
        input=json.dumps({"codes": codes, "log": log}), capture_output=True, text=True, timeout=60,
        check=True,
    )
    return json.loads(done.stdout)


def ask_java(log):
    """HdrHistogram's log processor: (rows of the whole, total, [(end, count, p50, p90, max)])."""
    with tempfile.TemporaryDirectory() as directory:
        name = os.path.join(directory, "log")
        with open(name, "w", encoding="ascii") as file:
            file.write(log)
        subprocess.run(
            ["java", "-cp", JAR, "org.HdrHistogram.HistogramLogProcessor", "-i", name, "-o",
             f"{name}.out", "-outputValueUnitRatio", "1", "-percentilesOutputTicksPerHalf", "64"],
            capture_output=True, timeout=60, check=True,
        )
        with open(f"{name}.out.hgrm", encoding="ascii") as file:
            whole = file.read()
        with open(f"{name}.out", encoding="ascii") as file:
            intervals = file.read()
    rows = [match.groups() for match in map(HGRM_LINE.fullmatch, whole.splitlines()) if match]
    return (
        [(int(value), float(share), int(total)) for value, share, total, _ in rows],
        int(re.search(r"Total count += +(\d+)", whole)[1]),
        [(float(end), *map(int, others)) for end, *others in INTERVAL_LINE.findall(intervals)],
    )


def log_of(code):
    return f"#[Histogram log format version 1.3]\n0.000,1.000,1.000,{code}\n"


class Codes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.samples = samples()
        cls.codes = {name: encode(values) for name, values in cls.samples.items()}
        cls.percents = {name: percents_of(values.total()) for name, values in cls.samples.items()}

    def each(self):
        for name, code in self.codes.items():
            with self.subTest(name):
                yield name, code

    def end_of(self, value):
        """Where the bucket of VALUE ends: the next value is in another."""
        value = min(value, HOUR)
        octave = max(0, value.bit_length() - 11)
        return (((value >> octave) + 1) << octave) - 1

    def check(self, name, count, low, high, values):
        """What a library says, against what wsload says, and both against the values themselves."""
        percents, exact = self.percents[name], sorted(self.samples[name].items())
        our_count, ours = tool_percentiles(self.codes[name], percents)
        self.assertEqual((count, our_count), 2 * (self.samples[name].total(),))
        self.assertEqual(list(values)[1:], ours[1:])  # of 0 % they say where the bucket begins
        totals = list(itertools.accumulate(number for _, number in exact))
        for percent, value in zip(percents[1:], ours[1:]):
            place = bisect.bisect_left(totals, percent / 100 * count - 1e-9 * count)
            self.assertEqual(value, self.end_of(exact[min(place, len(exact) - 1)][0]), percent)
        self.assertEqual(self.end_of(low), self.end_of(exact[0][0]))
        self.assertLessEqual(low, exact[0][0])
        self.assertEqual(high, self.end_of(exact[-1][0]))

    def test_in_python(self):
        for name, code in self.each():
            read = hdrh.histogram.HdrHistogram.decode(code)
            values = read.get_percentile_to_value_dict(self.percents[name])
            self.check(name, read.get_total_count(), read.get_min_value(), read.get_max_value(),
                       [values[percent] for percent in self.percents[name]])

    def test_in_node(self):
        tasks = [(code, self.percents[name]) for name, code in self.codes.items()]
        for (name, _), read in zip(self.each(), ask_node(tasks)["codes"]):
            self.check(name, read["count"], read["min"], read["max"], read["values"])

    def test_in_java(self):
        for name, code in self.each():
            rows, count, _ = ask_java(log_of(code))
            self.assertEqual(count, self.samples[name].total())
            ends = collections.Counter()
            for value, number in self.samples[name].items():
                ends[self.end_of(value)] += number
            totals = dict(itertools.accumulate(
                sorted(ends.items()), lambda sum, entry: (entry[0], sum[1] + entry[1])
            ))
            before = dict(zip(totals, (0, *totals.values())))
            for value, share, total in rows[1:]:  # of 0 % it says where the bucket begins
                self.assertEqual(total, totals[value])
                self.assertLess(before[value] / count - 1e-9, share)
                self.assertLessEqual(share, total / count + 1e-9)
            self.assertGreater(len(rows), min(len(totals), 64))

    def test_what_wsload_says_is_at_most_the_maximum(self):
        for name, values in self.samples.items():
            lines = [f"record {value} {number}" for value, number in values.items()]
            asked = [f"percentile {percent!r}" for percent in self.percents[name]]
            said = [int(line) for line in ask_tool(*lines, *asked)]
            _, ends = tool_percentiles(self.codes[name], self.percents[name])
            low, high = min(values), max(values)
            if high <= HOUR:
                self.assertEqual(said, [min(max(end, low), high) for end in ends])

    def test_of_nothing(self):
        code = encode({})
        self.assertEqual(hdrh.histogram.HdrHistogram.decode(code).get_total_count(), 0)
        [read] = ask_node([(code, [50])])["codes"]
        self.assertEqual(read["count"], 0)
        self.assertEqual(ask_java(log_of(code))[1], 0)

    def test_what_python_writes_is_read(self):
        for name, values in self.samples.items():
            if max(values) > HOUR:
                continue
            with self.subTest(name):
                theirs = hdrh.histogram.HdrHistogram(1, HOUR, 3)
                for value, count in values.items():
                    theirs.record_value(value, count)
                count, again = ask_tool(f"decode {theirs.encode().decode()}", "encode")
                self.assertEqual((int(count), again), (values.total(), self.codes[name]))

    def test_the_golden_tests_own_reader(self):
        for name, code in self.each():
            read = histograms.decode(code)
            self.assertEqual(read.count, self.samples[name].total())
            ends = {self.end_of(value) for value in self.samples[name]}
            self.assertEqual([histograms.start_of(index + 1) - 1 for index in read.buckets],
                             sorted(ends))

    def test_other_ranges_and_digits_are_refused(self):
        for arguments in ((1, HOUR, 2), (1000, HOUR, 3), (1, 60_000_000_000, 3)):
            theirs = hdrh.histogram.HdrHistogram(*arguments)
            theirs.record_value(5000)
            [said] = ask_tool(f"decode {theirs.encode().decode()}")
            low, high, digits = arguments
            self.assertIn(f"from {low} to {high} with {digits} significant digits", said)


class Log(unittest.TestCase):
    ROWS = ("300:5 7 1:2", "", "1", "480:1000000 10:3")

    @classmethod
    def setUpClass(cls):
        lines = ask_tool(*(f"row {row}" for row in cls.ROWS), f"hlog {START_S}")
        cls.log = "".join(f"{line}\n" for line in lines)
        cls.expected = [cls.values_of(row) for row in cls.ROWS]

    @staticmethod
    def values_of(row):
        """The middles of the buckets that ROW counts, as (count, p50, p90, max) would have them."""
        bucket, ends = 0, []
        for entry in row.split():
            *empty, count = map(int, entry.split(":"))
            bucket += sum(empty)
            start, end = (histograms.start_of(index << 5) for index in (bucket, bucket + 1))
            middle = start + (end - start) // 2
            octave = max(0, middle.bit_length() - 11)
            ends.append(((((middle >> octave) + 1) << octave) - 1, count))
            bucket += 1
        total = sum(count for _, count in ends)

        def value_at(share):
            seen = itertools.accumulate(count for _, count in ends)
            return next(end for (end, _), so_far in zip(ends, seen) if so_far >= share * total)

        return (total, value_at(0.5), value_at(0.9), ends[-1][0]) if ends else (0, 0, 0, 0)

    def check(self, read):
        """READ: (start in s, length in s, count, p50, p90, max) of each interval."""
        whole = [(round(start, 3), round(length, 3), *rest) for start, length, *rest in read]
        self.assertEqual(whole, [(START_S + second, 1, *expected)
                                 for second, expected in enumerate(self.expected)])

    def test_in_python(self):
        with tempfile.NamedTemporaryFile("w", suffix=".hlog") as file:
            file.write(self.log)
            file.flush()
            reader = hdrh.log.HistogramLogReader(
                file.name, hdrh.histogram.HdrHistogram(1, HOUR, 3)
            )
            read = list(iter(reader.get_next_interval_histogram, None))
            reader.close()
        self.check([
            (one.get_start_time_stamp() / 1000,
             (one.get_end_time_stamp() - one.get_start_time_stamp()) / 1000, one.get_total_count(),
             one.get_value_at_percentile(50), one.get_value_at_percentile(90), one.get_max_value())
            for one in read
        ])

    def test_in_node(self):
        self.check([
            (one["start_ms"] / 1000, (one["end_ms"] - one["start_ms"]) / 1000, one["count"],
             *one["values"], one["max"])
            for one in ask_node([], self.log)["intervals"]
        ])

    def test_in_java(self):
        _, total, intervals = ask_java(self.log)
        self.assertEqual(total, sum(count for count, *_ in self.expected))
        self.check([(START_S + end - 1, 1, *rest) for end, *rest in intervals])

    def test_the_maximum_of_an_interval_is_in_milliseconds(self):
        lines = [line.split(",") for line in self.log.splitlines() if line[0].isdigit()]
        for second, (start, length, high, _) in enumerate(lines):
            expected = self.expected[second]
            self.assertEqual((start, length), (f"{second}.000", "1.000"))
            end_ms = expected[3] / 1e6  # of the bucket that the value is in
            self.assertTrue(end_ms * 0.999 - 0.0005 <= float(high) <= end_ms + 0.0005, high)


class Documentation(unittest.TestCase):
    """The programs in docs/HISTOGRAMS.md, with a summary of tests/golden."""

    def run_block(self, language, *command):
        text = (harness.ROOT / "docs" / "HISTOGRAMS.md").read_text(encoding="utf-8")
        program = re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)[1]
        summary = harness.ROOT / "tests" / "golden" / "passed.json"
        with tempfile.TemporaryDirectory() as directory:
            os.symlink(summary, os.path.join(directory, harness.SUMMARY))
            done = subprocess.run(
                [*command, program], cwd=directory, capture_output=True, text=True, timeout=60,
                env={**os.environ, "PYTHONPATH": str(harness.HERE / "python_modules"),
                     "NODE_PATH": str(harness.HERE / "node_modules")},
            )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        told = json.loads(summary.read_text(encoding="utf-8"))
        count, value, unit = done.stdout.split()
        self.assertEqual((int(count), unit), (told["successful_requests"], "ms"))
        told_ms = told["latency"]["p999"] * 1e3  # which is never above the maximum
        self.assertAlmostEqual(float(value), told_ms, delta=told_ms / 1e3)

    def test_python(self):
        self.run_block("python", sys.executable, "-c")

    def test_node(self):
        self.run_block("js", "node", "-e")


if __name__ == "__main__":
    unittest.main()
