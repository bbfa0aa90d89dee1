"""The rows of the table: what is compared, by which figures, and what is expected."""

import dataclasses
import operator
from collections.abc import Callable

import clients
from processes import connections_allowed

HIGHER, LOWER = (">=", operator.ge), ("<=", operator.le)
REPORTED = "reported"  # instead of what is expected


@dataclasses.dataclass(frozen=True)
class Check:
    """One line of the table: a figure, and the bound on its ratio or on wsload's own value."""

    label: str  # with the unit
    figure: str  # its name; "send_lag.p99" looks into a member
    scale: float = 1  # from seconds or bytes to the unit
    bound: tuple = LOWER
    ratio: float | None = None  # wsload's over the other's
    value: float | None = None  # wsload's own, in the unit

    def of(self, figures):
        """The figure in its unit, None when there is none."""
        for part in self.figure.split("."):
            figures = figures and figures.get(part)
        return None if figures is None else figures * self.scale

    def expectation(self):
        limit = self.ratio if self.value is None else self.value
        return REPORTED if limit is None else f"{self.bound[0]} {limit:g}"

    def holds(self, value):
        """Whether VALUE meets the bound on wsload's own."""
        return value is not None and self.bound[1](value, self.value)

    def met(self, value, other, ratio, noisy):
        """None when nothing is expected, or what is cannot be judged by a machine that was too
        NOISY: a ratio, or a value that the OTHER did not reach either."""
        if self.value is not None:
            return self.holds(value) or (None if noisy and not self.holds(other) else False)
        if self.ratio is not None and not noisy:
            return ratio is not None and self.bound[1](ratio, self.ratio)
        return None


@dataclasses.dataclass(frozen=True)
class Row:
    """WSLOAD and OTHER take a Bench, the connections and OPTIONS, and return figures."""

    name: str
    group: str
    wsload: Callable
    other: Callable | None  # None: there is nothing to compare with
    connections: int
    options: dict
    checks: tuple
    prepare: Callable | None = None  # takes the same, before each pair; gives the OPTIONS instead

    def note(self):
        """What made the row smaller than it should be; "" when nothing did."""
        allowed = connections_allowed(self.connections)
        if allowed == self.connections:
            return ""
        return f"{allowed:,} of {self.connections:,} connections: the descriptor limit"

    def prepared(self, bench):
        """The row as both clients are to run it next."""
        if self.prepare is None:
            return self
        return dataclasses.replace(self, options=self.measure(self.prepare, bench))

    def measure(self, client, bench):
        return client(bench, connections_allowed(self.connections), **self.options)


US, KB, MB, PERCENT = 1e6, 1e-3, 1e-6, 100
SERVER_LATE = (
    Check("server late p50, us", "server_late.median", US),
    Check("server late p99, us", "server_late.p99", US),
)


def closed(tls, connections, least):
    return Row(
        name=f"{'tls-' if tls else ''}closed-{connections}",
        group="closed loop, 64 B, 1 worker, against bare " + ("OpenSSL" if tls else "epoll"),
        wsload=clients.wsload_closed,
        other=clients.floor_closed,
        connections=connections,
        options={"tls": tls},
        checks=(
            Check("messages/s", "rate", bound=HIGHER, ratio=least),
            Check("CPU/message, us", "cpu_per_message", US),
        ),
    )


def paced(name, connections, rate, *checks):
    return Row(
        name=name,
        group="constant rate, against bare epoll that batches by 100 us",
        wsload=clients.wsload_paced,
        other=clients.floor_paced,
        connections=connections,
        options={"rate": rate},
        checks=checks,
    )


def cpu(name, connections, rate, highest_percent=None):
    return paced(
        *(name, connections, rate),
        Check("CPU/message, us", "cpu_per_message", US, ratio=1.35),
        Check("CPU, % of a core", "cpu_share", PERCENT, value=highest_percent),
    )


def lags(highest_p50_us=None, highest_p99_us=None):
    return (
        Check("send lag p50, us", "send_lag.median", US, value=highest_p50_us),
        Check("send lag p99, us", "send_lag.p99", US, value=highest_p99_us),
    )


def delayed(delay_ms, connections):
    return Row(
        name=f"delay-{delay_ms}",
        group="latency, known to the server, at half of the maximum rate: error of p50, 90, 95, 99",
        prepare=clients.known_delay,
        wsload=clients.wsload_delayed,
        other=clients.floor_delayed,
        connections=connections,
        options={"delay_ms": delay_ms},
        checks=(
            Check("largest error, us", "error.largest", US, value=max(100, 10 * delay_ms)),
            Check("error p50, us", "error.median", US),
            Check("error p99, us", "error.p99", US),
            *(SERVER_LATE if delay_ms else ()),
            Check("messages/s", "rate"),
            Check("% of maximum", "share_of_maximum", PERCENT),
        ),
    )


def stamped(name, busy):
    """Bounds on the error with the kernel's time, which is the way through both sockets; beside it
    that with wsload's own. The record shares wsload's core, and cuts off to a microsecond."""
    return Row(
        name=name,
        group="done less the server's own send, at half of the maximum rate: by kernel, by wsload",
        prepare=clients.stamped_load,
        wsload=clients.wsload_stamped,
        other=clients.wsload_stamped_by_itself,
        connections=1000,
        options={"busy": busy},
        checks=(
            Check("error p50, us", "error.p50", US, value=50),
            Check("error p99, us", "error.p99", US, value=200),
            Check("error least, us", "error.p0", US, bound=HIGHER, value=-1),
            Check("reply wait p99, us", "reply_wait.p99", US),
            Check("% with kernel time", "by_kernel", PERCENT),
            Check("replies compared", "compared.count"),
            Check("% of those received", "compared.share", PERCENT),
            Check("messages/s", "rate"),
            Check("% of maximum", "share_of_maximum", PERCENT),
            Check("CPU, % of a core", "cpu_share", PERCENT),
        ),
    )


def streams(connections, messages, gap_ms):
    rate = connections * 1000 / gap_ms
    return Row(
        name="streams",
        group=f"{connections:,} streams, a message each {gap_ms} ms, against bare epoll",
        wsload=clients.wsload_streams,
        other=clients.floor_streams,
        connections=connections,
        options={"streams": clients.Streams(messages, gap_ms)},
        checks=(
            Check("messages in/s", "rate", bound=HIGHER, value=0.98 * rate),
            Check("runs not invalid", "trusted", bound=HIGHER, value=1),
            Check("gap p50, ms", "inter_message_gap.median", 1e3),
            Check("gap p99, ms", "inter_message_gap.p99", 1e3),
            *SERVER_LATE,
            Check("CPU/message, us", "cpu_per_message", US),
            Check("CPU, % of a core", "cpu_share", PERCENT),
        ),
    )


def opening(name, tls, connections, ratio):
    return Row(
        name=name,
        group="opening, at most 256 handshakes under way, against bare sockets or OpenSSL",
        wsload=clients.wsload_open,
        other=clients.floor_open,
        connections=connections,
        options={"tls": tls},
        checks=(Check("all open, ms", "open_time", 1e3, ratio=ratio),),
    )


def memory(name, tls, connections, **limit):
    return Row(
        name=name,
        group="memory per idle connection, against bare sockets or OpenSSL",
        wsload=clients.wsload_memory,
        other=clients.floor_memory,
        connections=connections,
        options={"tls": tls},
        checks=(Check("RSS, KB", "bytes_per_connection", KB, **limit),),
    )


def rival(name, client, cpu_ratio, memory_ratio=None):
    return Row(
        name=name,
        group=f"40,000 messages/s over 100 connections, against {name}",
        wsload=clients.wsload_paced,
        other=client,
        connections=100,
        options={"rate": 40000},
        checks=(
            Check("messages/s", "rate"),
            Check("CPU/message, us", "whole_cpu_per_message", US, ratio=cpu_ratio),
            Check("RSS, MB", "rss_peak", MB, ratio=memory_ratio),
            *lags(),
        ),
    )


PLAIN, TLS = False, True
ROWS = (
    closed(PLAIN, 20, 0.88),
    closed(PLAIN, 100, 0.88),
    closed(PLAIN, 1000, 0.85),
    closed(PLAIN, 10000, 0.80),
    *(closed(TLS, connections, 0.85) for connections in (20, 100, 1000, 10000)),
    cpu("cpu-1000", 100, 1000),
    cpu("cpu-40000", 100, 40000),
    cpu("cpu-held", 10000, 1000, highest_percent=10),
    paced("lag", 1000, 20000, *lags(100, 1000)),
    delayed(0, 100),
    delayed(1, 1000),
    delayed(10, 2000),
    delayed(100, 9000),  # as many as most descriptor limits allow: half are busy at 45,000/s
    stamped("stamp", busy=False),
    stamped("stamp-busy", busy=True),
    Row(
        name="rules",
        group="closed loop, 300 B, 1 worker: --correlate and a json: end, against no rules",
        wsload=clients.wsload_with_rules,
        other=clients.wsload_without_rules,
        connections=100,
        options={},
        checks=(
            Check("messages/s", "rate", bound=HIGHER, ratio=0.85),
            Check("CPU/message, us", "cpu_per_message", US),
        ),
    ),
    streams(1000, messages=50, gap_ms=20),
    opening("open-plain", PLAIN, 10000, ratio=1.5),
    opening("open-tls", TLS, 2000, ratio=1.25),
    memory("memory-plain", PLAIN, 10000, value=8),
    memory("memory-tls", TLS, 5000, ratio=1.5),
    rival("tcpkali", clients.tcpkali_paced, cpu_ratio=1),
    rival("k6", clients.k6_paced, cpu_ratio=0.2, memory_ratio=0.1),
    Row(
        name="null",
        group="the tool's own cost: a closed loop with no socket at all",
        wsload=clients.null_engine,
        other=None,
        connections=100,
        options={},
        checks=(Check("CPU/request, ns", "cpu_per_request", 1e9),),
    ),
)
