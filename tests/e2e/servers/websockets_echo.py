"""Echo server on python3-websockets. usage: websockets_echo.py '{"option": value, ...}'

  delay_ms    answers that long after the message
  cert, key   TLS

Prints {"port": N} when it listens, and its counts on SIGUSR2 and, before it ends, on SIGTERM.
"""

import asyncio
import collections
import json
import signal
import ssl
import sys

import websockets

options = json.loads(sys.argv[1])
closes = collections.Counter()
texts = collections.Counter()
counts = {"connections": 0, "messages": 0, "closes": closes, "texts": texts}
open_now = set()


def show(value):
    print(json.dumps(value), flush=True)


async def echo(socket, path=None):
    counts["connections"] += 1
    open_now.add(socket)
    try:
        async for message in socket:
            counts["messages"] += 1
            texts[message] += 1
            await asyncio.sleep(options.get("delay_ms", 0) / 1000)
            await socket.send(message)
    except websockets.ConnectionClosed:
        pass
    closes[socket.close_code] += 1
    open_now.discard(socket)


def tls():
    if "cert" not in options:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options["cert"], options["key"])
    return context


async def main():
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR2, show, counts)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    async with websockets.serve(echo, "127.0.0.1", 0, ssl=tls(), backlog=4096) as server:
        show({"port": server.sockets[0].getsockname()[1]})
        await stop.wait()
        for _ in range(50):  # closes that the clients have sent already are still counted
            if not open_now:
                break
            await asyncio.sleep(0.01)
        show(counts)


asyncio.run(main())
