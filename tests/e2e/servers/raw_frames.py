"""Answers each message with the bytes that it spells in hexadecimal digits, whatever frames they are.
usage: raw_frames.py '{"option": value, ...}'

  extensions  the handshake's answer agrees on that, as it is
  behind      bytes behind that answer, in the same write
  flood       bytes that are sent again and again from then on
  times       how often it sends each answer, at once; 1 unless stated

Prints {"port": N} when it listens, and its counts on SIGTERM.
"""

import asyncio
import base64
import hashlib
import json
import signal
import struct
import sys
import zlib

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CLOSE, RSV1, FIN = 8, 0x40, 0x80
MARKER = b"\0\0\xff\xff"

options = json.loads(sys.argv[1])
counts = {"messages": 0, "compressed": 0, "closes": 0}


def show(value):
    print(json.dumps(value), flush=True)


async def shake_hands(reader, writer):
    lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
    key, = (line.split()[1] for line in lines if line.lower().startswith(b"sec-websocket-key:"))
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
    agreed = options.get("extensions", "")
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + (f"Sec-WebSocket-Extensions: {agreed}\r\n".encode() if agreed else b"")
        + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        + bytes.fromhex(options.get("behind", ""))
    )


async def read_frame(reader):
    start, length = await reader.readexactly(2)
    length &= 0x7F
    if length == 126:
        length, = struct.unpack(">H", await reader.readexactly(2))
    mask = await reader.readexactly(4)
    payload = await reader.readexactly(length)
    return start, bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


async def flood(writer):
    piece = bytes.fromhex(options["flood"]) * 10_000
    while True:
        writer.write(piece)
        await writer.drain()


async def serve(reader, writer):
    try:
        await shake_hands(reader, writer)
        if "flood" in options:
            await flood(writer)
        while True:
            start, payload = await read_frame(reader)
            if start & 0x0F == CLOSE:
                counts["closes"] += 1
                writer.write(bytes([FIN | CLOSE, 0]))
                break
            counts["messages"] += 1
            if start & RSV1:
                counts["compressed"] += 1
                payload = zlib.decompressobj(-15).decompress(payload + MARKER)
            writer.write(bytes.fromhex(payload.decode()) * options.get("times", 1))
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    writer.close()


async def main():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    show({"port": server.sockets[0].getsockname()[1]})
    await stop.wait()
    show(counts)


asyncio.run(main())
