"""nginx that ends TLS in front of a WebSocket server. usage: nginx.py '{"upstream": PORT, ...}'

  upstream    port of the server behind it, on 127.0.0.1
  cert, key   what it shows to clients

Prints {"port": N} when it listens, and {} before it ends, on SIGTERM.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

CONFIGURATION = """
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {cert};
        ssl_certificate_key {key};
        location / {{
            proxy_pass http://127.0.0.1:{upstream};
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection upgrade;
            proxy_set_header Host $http_host;
            proxy_read_timeout 60s;
        }}
    }}
}}
"""


def show(value):
    print(json.dumps(value), flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port, process):
    """Whether nginx listens there in the end; it stops when it cannot."""
    while process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.01)
    return False


def start(directory, options):
    """nginx cannot be asked for any free port: takes one, and another when that was lost."""
    configuration = os.path.join(directory, "nginx.conf")
    errors = os.path.join(directory, "error.log")
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    for _ in range(5):
        port = free_port()
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(directory=directory, port=port, **options))
        command = [program, "-c", configuration, "-e", errors]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        if answers(port, process):
            show({"port": port})
            return process
    with open(errors, encoding="utf-8") as file:
        sys.exit(file.read())


def main():
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with tempfile.TemporaryDirectory(prefix="wsload-nginx-") as directory:
        process = start(directory, json.loads(sys.argv[1]))
        stop.wait()
        process.terminate()
        process.wait()
    show({})


main()
