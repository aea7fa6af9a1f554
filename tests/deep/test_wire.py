"""Bad input on the wire: bytes that no library would send, to the server as it is started for real."""

import os
import socket
from pathlib import Path

import pytest

from tests.deep.test_lifecycle import installation
from tests.serving import Installation, free_port

pytestmark = [pytest.mark.deep, pytest.mark.enable_socket]
#: A fixture of that module, which ends what it starts.
__all__ = ["installation"]
USERS = b"/ims/oneroster/rostering/v1p2/users"
MEGABYTE = 1024 * 1024


class Server:
    """A demonstration that runs, spoken to in bytes."""

    def __init__(self, installation: Installation, port: int) -> None:
        self.installation, self.port = installation, port

    def send(self, *parts: bytes) -> tuple[int, bytes]:
        """Send the bytes as they are; return status and answer. A server may hang up before it has read everything."""
        answer = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as line:
            try:
                for part in parts:
                    line.sendall(part)
            except OSError:
                pass
            try:
                while received := line.recv(65536):
                    answer += received
            except OSError:
                pass
        return int(answer.split(b" ", 2)[1]), answer

    def request(self, method: bytes, target: bytes, *headers: bytes, body: tuple[bytes, ...] = ()) -> tuple[int, bytes]:
        lines = [method + b" " + target + b" HTTP/1.1", b"Host: localhost", b"Connection: close", *headers]
        return self.send(b"\r\n".join(lines) + b"\r\n\r\n", *body)

    def memory(self) -> int:
        """Return the resident bytes of the web processes."""
        pages = 0
        for process in self.installation.processes():
            place = Path(f"/proc/{process}")
            if b"granian" in (place / "cmdline").read_bytes():
                pages += int((place / "statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGESIZE")


@pytest.fixture(scope="module")
def server(installation: Installation) -> Server:
    port = free_port()
    process = installation.demo(port)
    installation.wait_until_ready(process, port)
    return Server(installation, port)


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (USERS + b"/%2e%2e/%2e%2e/healthz", 401),
        (USERS + b"/../../healthz", 401),
        (USERS + b"/%00", 401),
        (USERS + b"/%252e%252e", 401),
        (b"/healthz%00", 404),
        (b"/%c0%ae%c0%ae/healthz", 404),
        (b"/%ff%fe", 404),
        (b"/static/../../../etc/passwd", 404),
        (b"/static/%2e%2e/%2e%2e/config/settings.py", 404),
        (b"/static/..%2f..%2fconfig%2fsettings.py", 404),
        (b"/\xff\xfe", 400),
        (b"/healthz?" + b"a" * 100_000, 414),
    ],
)
def test_strange_addresses(server: Server, target: bytes, status: int) -> None:
    told, answer = server.request(b"GET", target)
    assert told == status
    assert b"SECRET_KEY" not in answer
    assert b"root:" not in answer


def test_strange_headers(server: Server) -> None:
    assert server.request(b"GET", b"/healthz", b"X: " + b"a" * MEGABYTE)[0] == 431
    assert server.request(b"GET", b"/healthz", *(b"X%d: a" % n for n in range(1000)))[0] == 431
    assert server.request(b"GET", USERS, b"Authorization: Bearer \xff\xfe", b"X-Request-Id: \xff")[0] == 401
    assert server.request(b"GET", b"/accounts/login/", b"Cookie: sessionid=\xff\xfe; django_language=\xff")[0] == 200
    assert server.send(b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")[0] == 400
    assert server.send(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")[0] == 400
    two = server.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
    assert b"evil" not in two[1]


def test_one_request_hides_no_other(server: Server) -> None:
    hidden = b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    both = (b"Content-Length: 5", b"Transfer-Encoding: chunked")
    status, answer = server.request(b"POST", b"/oauth/token", *both, body=(hidden,))
    assert status == 400
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"alive" not in answer


def test_head_has_no_body(server: Server) -> None:
    status, answer = server.request(b"HEAD", b"/accounts/login/")
    assert status == 200
    assert answer.endswith(b"\r\n\r\n")
    assert b"<html" not in answer


def test_large_bodies_fill_no_memory(server: Server) -> None:
    """A hundred megabytes, said beforehand or in chunks, to each place that takes a form."""
    before = server.memory()
    assert before > 10 * MEGABYTE
    form = b"Content-Type: application/x-www-form-urlencoded"
    block = b"a" * MEGABYTE
    chunk = b"%x\r\n" % MEGABYTE + block + b"\r\n"
    for target in (b"/oauth/token", b"/oauth/revoke", b"/accounts/login/", b"/demo", b"/language"):
        said = server.request(b"POST", target, form, b"Content-Length: %d" % (100 * MEGABYTE), body=(block,) * 100)
        assert said[0] == 413
        chunked = server.request(b"POST", target, form, b"Transfer-Encoding: chunked", body=(chunk,) * 100)
        assert chunked[0] in (400, 401, 403, 413)
    assert server.memory() - before < 30 * MEGABYTE
    assert server.request(b"GET", b"/readyz")[0] == 200
