"""A TCP proxy that hands out in two halves, with a pause between, what the server sends on the first
connection: so a TLS record of it is never whole at once. The other connections are not held up.

usage: halving_proxy.py '{"upstream": PORT, "pause": SECONDS}'
Prints its port as JSON; ends at SIGTERM with an empty object of counts."""

import itertools
import json
import os
import signal
import socket
import sys
import threading
import time

options = json.loads(sys.argv[1])
numbers = itertools.count()


def forward(source, sink, pause):
    try:
        while data := source.recv(65536):
            if pause:
                sink.sendall(data[: len(data) // 2])
                time.sleep(pause)
                data = data[len(data) // 2 :]
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # one side has gone; the other will notice


def serve(client):
    upstream = socket.create_connection(("127.0.0.1", options["upstream"]))
    pause = options["pause"] if next(numbers) == 0 else 0
    for stream in (client, upstream):
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    threading.Thread(target=forward, args=(client, upstream, 0), daemon=True).start()
    threading.Thread(target=forward, args=(upstream, client, pause), daemon=True).start()


def accept(listener):
    while True:
        client, _ = listener.accept()
        serve(client)


signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGUSR2})
with socket.create_server(("127.0.0.1", 0)) as listening:
    threading.Thread(target=accept, args=(listening,), daemon=True).start()
    print(json.dumps({"port": listening.getsockname()[1]}), flush=True)
    signal.sigwait({signal.SIGTERM})
    print("{}", flush=True)
    os._exit(0)  # the threads wait for nothing that matters
