"""Reads the histograms of a summary: HdrHistogram's V2 form, with Python's own library alone."""

import base64
import dataclasses
import math
import struct
import zlib

HEADS = (0x1C849314, 0x1C849313)  # compressed, and what is in it
GEOMETRY = (0, 3, 1, 3_600_000_000_000, 1.0)  # no shift, digits, lowest, highest, ratio
SUB_BITS = 10  # of 3 digits: 1024 buckets per octave
OVER = (31 << SUB_BITS) + (3_600_000_000_000 >> 31)  # the bucket of 1 h and of all that is longer
PERCENTILES = {"median": 50, "p90": 90, "p95": 95, "p99": 99, "p999": 99.9}


def start_of(index):
    """The least value that is counted at INDEX."""
    if index < 2 << SUB_BITS:
        return index
    octave = (index >> SUB_BITS) - 1
    return (index - (octave << SUB_BITS)) << octave


def end_of(index):
    return start_of(index + 1) - 1 if index < OVER else math.inf


@dataclasses.dataclass
class Histogram:
    buckets: dict  # {index: samples}, in ascending order

    @property
    def count(self):
        return sum(self.buckets.values())

    def least(self):
        """Where the first bucket begins: the smallest sample is not below."""
        return start_of(min(self.buckets))

    def most(self):
        return end_of(max(self.buckets))

    def percentile(self, percent):
        """The nearest rank: the end of its bucket."""
        rank = max(1, math.ceil(self.count * percent / 100 - 1e-9))
        for index, samples in self.buckets.items():
            rank -= samples
            if rank <= 0:
                return end_of(index)
        raise ValueError("no samples")

    def added(self, other):
        both = dict(self.buckets)
        for index, samples in other.buckets.items():
            both[index] = both.get(index, 0) + samples
        return Histogram(dict(sorted(both.items())))

    def contradicted(self, figures, unit, error):
        """Yields the names of those FIGURES that cannot be of these samples: a distribution of the
        summary in units of UNIT, rounded by ERROR at most."""
        low, high = figures["min"], figures["max"]
        bounds = {
            "min": (start_of(min(self.buckets)), end_of(min(self.buckets))),
            "max": (start_of(max(self.buckets)), end_of(max(self.buckets))),
            "average": tuple(
                sum(min(max(edge(index), low * unit), high * unit) * samples
                    for index, samples in self.buckets.items()) / self.count
                for edge in (start_of, end_of)
            ),
        }
        bounds |= {name: 2 * (self.percentile(percent),) for name, percent in PERCENTILES.items()}
        for name, (least, most) in bounds.items():
            if name in PERCENTILES:
                least = most = min(max(least / unit, low), high) * unit
            if not least / unit - error <= figures[name] <= most / unit + error:
                yield name


def zigzags(code):
    """The integers in CODE: ZigZag, LEB128, the ninth byte whole."""
    value = place = 0
    for byte in code:
        ends = byte < 0x80 or place == 8
        value |= (byte if ends else byte & 0x7F) << 7 * place
        place += 1
        if ends:
            yield value >> 1 ^ -(value & 1)
            value = place = 0


def decode(text):
    code = base64.b64decode(text, validate=True)
    head, length = struct.unpack(">II", code[:8])
    plain = zlib.decompress(code[8:])
    inner, counts_length, *geometry = struct.unpack(">IIIIqqd", plain[:40])
    if (head, inner) != HEADS or tuple(geometry) != GEOMETRY:
        raise ValueError(f"{head:x}, {inner:x}, {geometry}")
    if (length, counts_length) != (len(code) - 8, len(plain) - 40):
        raise ValueError(f"{length} and {counts_length} bytes")
    index, buckets = 0, {}
    for number in zigzags(plain[40:]):
        if number > 0:
            buckets[index] = number
        index += max(1, -number)
    return Histogram(buckets)


def all_figures(value, path=()):
    """Yields (path, figures) of each object of a distribution's figures, by whatever name."""
    if isinstance(value, dict) and "p999" in value:
        yield ".".join(path), value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from all_figures(inner, (*path, name))


def distributions(summary):
    """Yields (path, figures) of those that have samples, response time only where it is not latency."""
    for path, figures in all_figures(summary):
        if path != "response_time" or summary["load"]["model"] == "open":
            yield path, figures
