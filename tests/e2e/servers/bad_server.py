"""A server that misbehaves in one chosen way. usage: bad_server.py '{"mode": MODE, ...}'

  mode        a name of MODES below
  code        of the close frame, for close_with
  then        closed, reset or eof, for status_403_once
  greetings, greeting_bytes, cut, reply_bytes
              for greeting, see there; cut also for interim, greetings also for close_with_reply
  cert, key   TLS

Prints {"port": N} when it listens, and its counts on SIGUSR2 and, before it ends, on SIGTERM.
"""

import base64
import collections
import hashlib
import json
import signal
import socket
import ssl
import struct
import sys
import threading
import time

options = json.loads(sys.argv[1])
closes = collections.Counter()
counts = {
    "connections": 0,  # accepted
    "handshakes": 0,  # upgrade requests that arrived whole
    "messages": 0,
    "unmasked": 0,  # frames that break RFC 6455 section 5.3
    "out_of_order": 0,  # frames that break section 5.4
    "pongs": 0,
    "closes": closes,  # close codes in the client's close frames
    "redirected": 0,  # connections to where status_302 points
}
lock = threading.Lock()
open_now = set()
listeners = []  # the last one is for the mode

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
GATEWAY_ERROR = (
    b'{"message": "Internal server error", "connectionId":"Qyi07eCbtjMCJKw=",'
    b' "requestId":"Qyi3UG41tjMFlUg="}'
)
AMAZON_HEADERS = (
    "x-amzn-ErrorType: ForbiddenException\r\n"
    "x-amzn-RequestId: 3b9d1a6e-7c1f-4d53-9f6e-0d4a1f6f2c11\r\n"
)


def count(name, table=counts):
    with lock:
        table[name] += 1


class Gone(Exception):
    """The client ended the connection."""


class Peer:
    """One connection, from the server's side."""

    def __init__(self, stream):
        self.stream = stream
        self.waiting = b""

    def receive(self):
        data = self.stream.recv(65536)
        if not data:
            raise Gone
        self.waiting += data

    def take(self, length):
        while len(self.waiting) < length:
            self.receive()
        taken, self.waiting = self.waiting[:length], self.waiting[length:]
        return taken

    def send(self, data):
        self.stream.sendall(data)

    def end(self):
        """Closes with FIN. Closing at once would send RST when something is unread."""
        self.stream.shutdown(socket.SHUT_WR)
        wait_for_end(self)

    def reset(self):
        """Closes with RST in place of FIN."""
        self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.stream.close()

    def read_request(self):
        while b"\r\n\r\n" not in self.waiting:
            self.receive()
        head, self.waiting = self.waiting.split(b"\r\n\r\n", 1)
        count("handshakes")
        lines = [line.split(b":", 1) for line in head.split(b"\r\n")[1:]]
        return {name.strip().lower(): value.strip() for name, value in lines}

    def accept(self, key=None, before=b"", behind=b""):
        """Completes the upgrade, with what is sent right BEFORE and BEHIND it; KEY in place of the
        client's makes a wrong accept value."""
        headers = self.read_request()
        digest = hashlib.sha1((key or headers[b"sec-websocket-key"]) + GUID).digest()
        self.send(
            before + b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n" + behind
        )

    def answer(self, status, body="", headers="", before=b""):
        """Refuses the upgrade."""
        self.read_request()
        self.send(
            before + f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{headers}"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )

    def read_frame(self):
        first, second = self.take(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack(">H", self.take(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", self.take(8))
        mask = self.take(4) if second & 0x80 else b""
        if not mask:
            count("unmasked")
        return first & 0x0F, bool(first & 0x80), masked(self.take(length), mask)

    def read_message(self):
        """Waits for the next message; counts what else arrives, and answers a close."""
        while True:
            opcode, final, payload = self.read_frame()
            if opcode == PONG:
                count("pongs")
            elif opcode == CLOSE:
                count(struct.unpack(">H", payload[:2])[0] if payload else 1005, closes)
                self.send(frame(CLOSE, payload[:2]))
                raise Gone
            elif final:
                count("messages")
                return payload

    def drain(self):
        """Reads until the client goes."""
        while True:
            self.read_message()


def masked(payload, mask):
    """RFC 6455 section 5.3; no mask leaves it as it is."""
    return bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)) if mask else payload


def frame(opcode, payload, final=True, reserved=0, mask=b""):
    head = bytes([(0x80 if final else 0) | reserved | opcode])
    bit = 0x80 if mask else 0
    if len(payload) < 126:
        head += bytes([bit | len(payload)])
    elif len(payload) < 65536:
        head += bytes([bit | 126]) + struct.pack(">H", len(payload))
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", len(payload))
    return head + mask + masked(payload, mask)


def close_frame(code, reason=b""):
    return frame(CLOSE, struct.pack(">H", code) + reason)


def answering(*frames):
    """A mode that answers each message with the bytes of FRAMES."""

    def mode(peer):
        peer.accept()
        while True:
            peer.read_message()
            peer.send(b"".join(frames))

    return mode


def refusing(status, body="", headers=""):
    """A mode that answers the upgrade with an HTTP status."""

    def mode(peer):
        peer.answer(status, body, headers() if callable(headers) else headers)
        wait_for_end(peer)

    return mode


def status_403_once(peer):
    """Refuses the first upgrade; later there is no port, or connections end as soon as they stand."""
    if counts["connections"] > 1:
        peer.reset() if options["then"] == "reset" else peer.end()
        return
    if options["then"] == "closed":
        listeners[-1].shutdown(socket.SHUT_RDWR)
    peer.answer("403 Forbidden")
    wait_for_end(peer)


def status_503_in_chunks(peer):
    """Refuses the upgrade with a body of two lines in two chunks, and leaves the connection open."""
    peer.read_request()
    peer.send(
        b"HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"e\r\n<h1>503</h1>\r\n\r\n" b"f;part=2\r\nlater, please\r\n\r\n" b"0\r\n\r\n"
    )
    wait_for_end(peer)


def wait_for_end(peer):
    while True:
        peer.receive()


def silent(peer):
    wait_for_end(peer)


def close_at_once(peer):
    peer.end()


def reset_at_once(peer):
    peer.reset()


def close_after_request(peer):
    peer.read_request()
    peer.end()


def reset_after_request(peer):
    peer.read_request()
    peer.reset()


def garbage(peer):
    peer.send(b"\x00\x01\x02 garbage garbage\r\n\r\n" * 3)
    wait_for_end(peer)


def text_garbage(peer):
    peer.read_request()
    peer.send(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n\r\n")
    wait_for_end(peer)


def bad_accept(peer):
    peer.accept(key=b"not the key of this client")
    wait_for_end(peer)


def never_reply(peer):
    peer.accept()
    peer.drain()


def await_pong(peer, payload):
    """The next frame must be the pong."""
    opcode, _, got = peer.read_frame()
    if (opcode, got) != (PONG, payload):
        raise Gone
    count("pongs")


def fragmented(peer):
    """Answers in two frames with a ping between them, and waits there for the pong."""
    peer.accept()
    while True:
        peer.read_message()
        peer.send(frame(TEXT, b'{"message": "ab', final=False) + frame(PING, b"?"))
        await_pong(peer, b"?")
        peer.send(frame(0, b'cd"}'))


def early_reply(peer):
    """Answers each message when its first frame is there, and reads the rest of it afterwards."""
    peer.accept()
    inside = False
    while True:
        opcode, final, payload = peer.read_frame()
        if opcode == CLOSE:
            peer.send(frame(CLOSE, payload[:2]))
            raise Gone
        if (opcode == TEXT) == inside:
            count("out_of_order")
        if opcode == TEXT:
            peer.send(frame(TEXT, b"early"))
        if final:
            count("messages")
        inside = not final


def close_notify(peer):
    """Ends TLS after a message, but neither the WebSocket nor the TCP connection."""
    peer.accept()
    peer.read_message()
    peer.stream = peer.stream.unwrap()
    wait_for_end(peer)


def close_unanswered(peer):
    """Answers messages, but no close frame."""
    peer.accept()
    while True:
        opcode, _, payload = peer.read_frame()
        if opcode == CLOSE:
            count(struct.unpack(">H", payload[:2])[0] if payload else 1005, closes)
        else:
            count("messages")
            peer.send(frame(TEXT, b"ok"))


def eof_after_open(peer):
    peer.accept()
    peer.end()


def reset_after_open(peer):
    peer.accept()
    peer.reset()


def eof_after_message(peer):
    peer.accept()
    peer.read_message()
    peer.end()


def reset_after_message(peer):
    peer.accept()
    peer.read_message()
    peer.reset()


def half_frame(peer):
    peer.accept()
    peer.read_message()
    peer.send(frame(TEXT, b"x" * 100)[:50])
    peer.end()


def close_after_reply(peer):
    peer.accept()
    peer.send(frame(TEXT, peer.read_message()))
    peer.send(close_frame(1001, b"Going away"))
    peer.drain()


def interim(peer):
    """Says more than once that the last answer is yet to come, in CUT pieces a while apart, the last
    of them with the 101; then echoes. With REFUSE the last answer is 403."""
    said = (
        b"HTTP/1.1 100 Continue\r\n\r\n"
        b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
    )
    size = -(-len(said) // options["cut"])
    for at in range(0, len(said) - size, size):
        peer.send(said[at : at + size])
        time.sleep(0.02)
    rest = said[(options["cut"] - 1) * size :]
    if options.get("refuse"):
        peer.answer("403 Forbidden", "no", before=rest)
        wait_for_end(peer)
    peer.accept(before=rest)
    while True:
        peer.send(frame(TEXT, peer.read_message()))


def close_with_reply(peer):
    """Answers a message and closes, in one segment; over TLS in two records of it. GREETINGS
    messages, if any, come right behind the 101."""
    peer.accept(behind=frame(TEXT, b"hello") * options.get("greetings", 0))
    answer = frame(TEXT, peer.read_message())
    peer.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    peer.send(answer)
    peer.send(close_frame(1000))
    peer.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
    peer.drain()


def close_with(peer):
    """Answers the first message, and the second with a close frame."""
    peer.accept()
    peer.send(frame(TEXT, peer.read_message()))
    peer.read_message()
    peer.send(close_frame(options["code"]))
    peer.drain()


def greeting(peer):
    """Sends messages right behind the answer 101; the last CUT bytes of them come 50 ms later.
    Then it echoes each message, filled up to REPLY_BYTES, once a ping has its pong."""
    greetings = frame(TEXT, b"g" * options["greeting_bytes"]) * options["greetings"]
    whole = len(greetings) - options.get("cut", 0)
    peer.accept(behind=greetings[:whole])
    if greetings[whole:]:
        time.sleep(0.05)
        peer.send(greetings[whole:])
    while True:
        message = peer.read_message()
        peer.send(frame(PING, b"?"))
        await_pong(peer, b"?")
        peer.send(frame(TEXT, message.ljust(options.get("reply_bytes", 0), b"r")))


def location():
    return f"Location: ws://127.0.0.1:{elsewhere}/\r\n"


MODES = {
    "silent": silent,
    "close_at_once": close_at_once,
    "reset_at_once": reset_at_once,
    "close_after_request": close_after_request,
    "reset_after_request": reset_after_request,
    "garbage": garbage,
    "text_garbage": text_garbage,
    "status_200": refusing("200 OK", "hi"),
    "status_302": refusing("302 Found", "", location),
    "status_403": refusing("403 Forbidden", '{"message":"Forbidden"}', AMAZON_HEADERS),
    "status_403_once": status_403_once,
    "status_503_in_chunks": status_503_in_chunks,
    "status_429": refusing("429 Too Many Requests"),
    "bad_accept": bad_accept,
    "never_reply": never_reply,
    "close_unanswered": close_unanswered,
    "early_reply": early_reply,
    "close_notify": close_notify,
    "eof_after_open": eof_after_open,
    "reset_after_open": reset_after_open,
    "eof_after_message": eof_after_message,
    "reset_after_message": reset_after_message,
    "half_frame": half_frame,
    "close_after_reply": close_after_reply,
    "close_with": close_with,
    "close_with_reply": close_with_reply,
    "interim": interim,
    "greeting": greeting,
    "close_1001": answering(close_frame(1001, b"Going away")),
    "close_1009": answering(close_frame(1009, b"Max frame length of 32768 has been exceeded.")),
    "close_empty": answering(frame(CLOSE, b"")),
    "close_1005": answering(close_frame(1005, b"")),
    "close_1006": answering(close_frame(1006, b"gone")),
    "reserved_opcode": answering(frame(3, b"x")),
    "rsv_bit": answering(frame(TEXT, b"x", reserved=0x40)),
    "masked": answering(frame(TEXT, b"masked", mask=b"abcd")),
    "bad_utf8": answering(frame(TEXT, b"\xff\xfe")),
    "big_10mb": answering(frame(TEXT, b"y" * 10_000_000)),
    "fragmented": fragmented,
    "empty_message": answering(frame(TEXT, b"")),
    "two_replies": answering(frame(TEXT, b"one"), frame(TEXT, b"two")),
    "binary": answering(frame(BINARY, b"\x00\xff")),
    "gateway_error": answering(frame(TEXT, GATEWAY_ERROR)),
}


def show(value):
    with lock:
        print(json.dumps(value), flush=True)


def serve(mode, stream):
    count("connections")
    open_now.add(stream)
    accepted = stream
    try:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context:
            stream = context.wrap_socket(stream, server_side=True)
        mode(Peer(stream))
    except (Gone, OSError):
        pass
    finally:
        stream.close()
        open_now.discard(accepted)


def listen(handle):
    """Serves each connection in a thread of its own; returns the port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    listeners.append(listener)

    def loop():
        while True:
            try:
                stream, _ = listener.accept()
            except OSError:
                return  # it was shut down
            threading.Thread(target=handle, args=(stream,), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()
    return listener.getsockname()[1]


def redirected(stream):
    count("redirected")
    stream.close()


def tls():
    if "cert" not in options:
        return None
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(options["cert"], options["key"])
    return made


signals = {signal.SIGUSR2, signal.SIGTERM}
signal.pthread_sigmask(signal.SIG_BLOCK, signals)
context = tls()
elsewhere = listen(redirected)
show({"port": listen(lambda stream: serve(MODES[options["mode"]], stream))})
while signal.sigwait(signals) == signal.SIGUSR2:
    show(counts)
for _ in range(50):  # what the clients have sent already is still counted
    if not open_now:
        break
    time.sleep(0.01)
show(counts)
