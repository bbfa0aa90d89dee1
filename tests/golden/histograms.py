"""Reads the histograms of a summary, by the description in docs/HISTOGRAMS.md alone."""

import base64
import dataclasses
import math


def integers(code):
    """The LEB128 integers in CODE, in order."""
    value = shift = 0
    for byte in code:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield value
            value = shift = 0


@dataclasses.dataclass
class Histogram:
    sub_bits: int
    count: int
    least: int  # ns, as all times here
    most: int
    total: int
    squares: int
    buckets: dict  # {index: samples}

    def bucket_start(self, index):
        if index < 2 << self.sub_bits:
            return index
        octave = (index >> self.sub_bits) - 1
        return (index - (octave << self.sub_bits)) << octave

    def mean(self):
        return self.total / self.count

    def deviation(self):
        return math.sqrt(max(0, self.squares * self.count - self.total**2)) / self.count

    def percentile(self, percent):
        """The nearest rank: the end of its bucket."""
        rank = max(1, math.ceil(self.count * percent / 100 - 1e-9))
        for index, samples in sorted(self.buckets.items()):
            rank -= samples
            if rank <= 0:
                return min(max(self.bucket_start(index + 1) - 1, self.least), self.most)
        raise ValueError("fewer samples in the buckets than counted")

    def added(self, other):
        buckets = dict(self.buckets)
        for index, samples in other.buckets.items():
            buckets[index] = buckets.get(index, 0) + samples
        return Histogram(
            self.sub_bits,
            self.count + other.count,
            min(self.least, other.least),
            max(self.most, other.most),
            self.total + other.total,
            self.squares + other.squares,
            buckets,
        )


def decode(text):
    version, sub_bits, count, least, most, total, squares, *pairs = integers(base64.b64decode(text))
    if version != 1:
        raise ValueError(f"version {version}")
    index, buckets = -1, {}
    for distance, samples in zip(pairs[::2], pairs[1::2]):
        index += distance
        buckets[index] = samples
    if sum(buckets.values()) != count:
        raise ValueError(f"{sum(buckets.values())} samples in the buckets and not {count}")
    return Histogram(sub_bits, count, least, most, total, squares, buckets)
