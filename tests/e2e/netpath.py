"""Two network namespaces and a path between them, which a test makes slow or lossy. Needs root, if
only that of a user namespace.

Each namespace has a tun device. A thread carries packets from one to the other, holds each for a
while, drops what it is told to, and keeps account of every TCP segment at the near end, beside the
socket of whoever runs there: what it says of round trips and of segments that went astray is what
that socket's kernel must have seen. A namespace lasts as long as a process that ends with this one,
so nothing is left behind, whatever happens.
"""

import contextlib
import ctypes
import fcntl
import heapq
import os
import select
import struct
import subprocess
import sys
import threading
import time

NEAR, FAR = "10.99.0.1", "10.99.0.2"
CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
PACKET_MAX = 65536
TCP, SYN = 6, 0x02
libc = ctypes.CDLL(None, use_errno=True)


def possible():
    """Whether this program may do all that."""
    made = subprocess.run(["unshare", "--net", "true"], stderr=subprocess.DEVNULL, check=False)
    return made.returncode == 0 and os.access("/dev/net/tun", os.R_OK | os.W_OK)


def become_root():
    """Starts this program again as root of namespaces of its own, if there may be such."""
    command = ["unshare", "--user", "--map-root-user", "--net"]
    if os.geteuid() != 0 and subprocess.run([*command, "true"], check=False).returncode == 0:
        os.execvp(command[0], [*command, sys.executable, *sys.argv])


class Namespace:
    def __init__(self):
        self.process = subprocess.Popen(
            ["unshare", "--net", "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        if not self.process.stdout.readline():  # else it is in there now
            raise RuntimeError("no network namespace: unshare failed")
        self.file = f"/proc/{self.process.pid}/ns/net"

    def command(self, *argv):
        """ARGV as it is run inside."""
        return ["nsenter", f"--net={self.file}", *map(str, argv)]

    def run(self, *argv):
        subprocess.run(self.command(*argv), check=True)

    def open_tun(self, address, peer):
        """Makes its device, which leads to PEER; returns the other end."""
        with open("/proc/thread-self/ns/net") as home, open(self.file) as inside:
            enter(inside)
            try:
                tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
                fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", b"tun", IFF_TUN | IFF_NO_PI))
            finally:
                enter(home)
        self.run("ip", "address", "add", address, "peer", peer, "dev", "tun")
        self.run("ip", "link", "set", "tun", "up")
        return tun

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def enter(namespace):
    """This thread alone."""
    if libc.setns(namespace.fileno(), CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


class Segment:
    """A TCP segment over IPv4; a SYN takes a place in the sequence as a byte does. A FIN is not
    looked at: it comes when the socket is out of sight."""

    def __init__(self, packet):
        head = (packet[0] & 15) * 4
        source, target, self.seq, self.ack, flags = struct.unpack_from("!HHIIH", packet, head)
        self.ports = source, target
        self.payload = struct.unpack_from("!H", packet, 2)[0] - head - (flags >> 12) * 4
        self.length = self.payload + bool(flags & SYN)
        self.end = (self.seq + self.length) % 2**32


def after(one, other):
    """Whether ONE comes after OTHER in the sequence, which goes round."""
    return 0 < (one - other) % 2**32 < 2**31


class Connection:
    """What the near end of one has seen."""

    def __init__(self):
        self.sent_to = None  # of its own sequence; None: nothing
        self.came_to = None  # of the peer's, without gaps
        self.early = []  # what came after a gap: (from, to)
        self.flying = []  # (end, when it was sent; None: twice)
        self.srtt = self.min_rtt = None
        self.sent_again = self.out_of_order = 0

    def sent(self, segment, now):
        if segment.length == 0:
            return
        again = self.sent_to is not None and after(self.sent_to, segment.seq)
        self.sent_again += again
        if again:
            self.flying = [(end, None if after(end, segment.seq) else then)
                           for end, then in self.flying]
        else:
            self.flying.append((segment.end, now))
            self.sent_to = segment.end

    def came(self, segment, now):
        acked = [then for end, then in self.flying if not after(end, segment.ack)]
        self.flying = [(end, then) for end, then in self.flying if after(end, segment.ack)]
        if acked and None not in acked:
            self.sample(now - acked[0], now - acked[-1])
        if segment.length > 0:
            self.place(segment)

    def sample(self, longest, shortest):
        """As RFC 6298 smooths it, from the oldest segment that was acknowledged; the least is of
        the newest."""
        self.srtt = longest if self.srtt is None else self.srtt + (longest - self.srtt) / 8
        self.min_rtt = min(shortest, self.min_rtt or shortest)

    def place(self, segment):
        if self.came_to is not None and after(segment.seq, self.came_to):
            self.out_of_order += 1
            self.early.append((segment.seq, segment.end))
            return
        if self.came_to is None or after(segment.end, self.came_to):
            self.came_to = segment.end
        for start, end in sorted(self.early, key=lambda gap: (gap[0] - self.came_to) % 2**32):
            if not after(start, self.came_to) and after(end, self.came_to):
                self.came_to = end
        self.early = [gap for gap in self.early if after(gap[0], self.came_to)]


class Path:
    """The way between two namespaces. DROP(outbound, segment) says whether one is lost on it."""

    def __init__(self, hold_s, drop=lambda outbound, segment: False):
        self.hold_s, self.drop = hold_s, drop
        self.near, self.far = Namespace(), Namespace()
        self.near_tun = self.near.open_tun(NEAR, FAR)
        self.far_tun = self.far.open_tun(FAR, NEAR)
        self.connections = {}  # by the port of their near end
        self.held = []  # a heap of (when to let it go, its number, outbound, packet)
        self.number = 0
        self.dropped = 0
        self.error = None
        self.ended = False
        self.stop_reading, self.stop_writing = os.pipe()
        self.thread = threading.Thread(target=self._carry)
        self.thread.start()

    def limit_replies(self, rate):
        """What comes from the far end is let through at RATE; the rest waits."""
        self.far.run("tc", "qdisc", "add", "dev", "tun", "root", "tbf", "rate", rate,
                     "burst", "3000", "limit", "1mb")

    def end(self):
        if self.ended:
            return
        self.ended = True
        os.write(self.stop_writing, b"\n")
        self.thread.join()
        for fd in (self.near_tun, self.far_tun, self.stop_reading, self.stop_writing):
            os.close(fd)
        self.near.end()
        self.far.end()
        if self.error:
            raise self.error

    def total(self, name):
        return sum(getattr(connection, name) for connection in self.connections.values())

    def _carry(self):
        """Before all other programs, if that is allowed: no busy machine makes a wire slower."""
        with contextlib.suppress(PermissionError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        try:
            while self._turn():
                pass
        except OSError as error:
            self.error = error

    def _turn(self):
        wait = max(0, self.held[0][0] - time.monotonic()) if self.held else None
        ready, _, _ = select.select([self.stop_reading, self.near_tun, self.far_tun], [], [], wait)
        for tun in ready:
            if tun != self.stop_reading:
                self._take(tun)
        while self.held and self.held[0][0] <= time.monotonic():
            self._let_go(*heapq.heappop(self.held)[2:])
        return self.stop_reading not in ready

    def _take(self, tun):
        packet = os.read(tun, PACKET_MAX)
        now = time.monotonic()
        if packet[0] >> 4 != 4 or packet[9] != TCP:
            return
        segment, outbound = Segment(packet), tun == self.near_tun
        if outbound:
            self._connection(segment.ports[0]).sent(segment, now)
        if self.drop(outbound, segment):
            self.dropped += 1
            return
        self.number += 1
        heapq.heappush(self.held, (now + self.hold_s, self.number, outbound, packet))

    def _let_go(self, outbound, packet):
        if outbound:
            os.write(self.far_tun, packet)
            return
        segment = Segment(packet)
        self._connection(segment.ports[1]).came(segment, time.monotonic())
        os.write(self.near_tun, packet)

    def _connection(self, port):
        return self.connections.setdefault(port, Connection())
