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


def _with(body: str) -> str:
    return f"Content-Length: {len(body.encode())}\r\n\r\n{body}" if body else "\r\n"


def run(plan: dict[str, Any]) -> dict[str, Any]:
    """Ask for `plan["paths"]` in turn over `connections` for `seconds`; count answers, bytes and failures.

    By GET, or by `plan["method"]` with `plan["headers"]` and in each round the next of `plan["bodies"]`.
    """
    port, paths, method = plan["port"], plan["paths"], plan.get("method", "GET")
    headers = {"Authorization": f"Bearer {plan['token']}", **plan.get("headers", {})}
    said = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    requests = [
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{said}{_with(body)}".encode()
        for body in plan.get("bodies", [""])
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
                # 204 has no body, and says no length.
                if place < 0 and header[9:12] != b"204":
                    raise ValueError("An answer without Content-Length cannot be measured here.")
                length = int(header[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0
                line.need = head + 4 + length
                failed += header[9:10] != b"2"
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
