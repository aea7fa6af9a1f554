"""The load generator of `digione bench`: a keep-alive HTTP client on raw sockets, in a process of its own.

`wrk` is not on every machine, and Python's http.client with threads tops out below what one core of the server gives.
This loop keeps N connections busy with one selector and reads only status and Content-Length; it alone costs about
25 µs a request, on another core than the server's. Usage: `python -m digione.cli.bench_load` with a plan as JSON on
standard input; the result is JSON on standard output.
"""

import json
import selectors
import socket
import sys
import time
from typing import Any


class _Line:
    """One connection: what it still has to read of the answer at hand."""

    __slots__ = ("buffer", "need", "number", "socket")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.need = 0
        self.number = 0


def run(plan: dict[str, Any]) -> dict[str, Any]:
    """Send GETs for `plan["paths"]` in turn over `connections` for `seconds`; count answers, bytes and failures."""
    port, paths = plan["port"], plan["paths"]
    requests = [
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {plan['token']}\r\n\r\n".encode()
        for path in paths
    ]
    selector = selectors.DefaultSelector()
    done = failed = total = 0
    lines = [_Line(port) for _ in range(plan["connections"])]
    sent = 0
    for line in lines:
        line.socket.sendall(requests[sent % len(requests)])
        sent += 1
        selector.register(line.socket, selectors.EVENT_READ, line)
    began = time.perf_counter()
    ends = began + plan["seconds"]
    while time.perf_counter() < ends:
        for key, _ in selector.select(1):
            line = key.data
            piece = line.socket.recv(262_144)
            if not piece:
                raise ConnectionError("The server closed a connection during the measurement.")
            total += len(piece)
            line.buffer += piece
            if not line.need:
                head = line.buffer.find(b"\r\n\r\n")
                if head < 0:
                    continue
                header = line.buffer[:head].lower()
                place = header.find(b"content-length:")
                if place < 0:
                    raise ValueError("An answer without Content-Length cannot be measured here.")
                line.need = head + 4 + int(header[place + 15 :].split(b"\r\n", 1)[0])
                failed += header[9:12] != b"200"
            if len(line.buffer) >= line.need:
                line.buffer, line.need = b"", 0
                done += 1
                line.socket.sendall(requests[sent % len(requests)])
                sent += 1
    seconds = time.perf_counter() - began
    selector.close()
    for line in lines:
        line.socket.close()
    return {"requests": done, "failed": failed, "bytes": total, "seconds": seconds}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(json.load(sys.stdin))))
