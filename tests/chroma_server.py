"""A door in front of a Chroma server that a test can lock, and servers that are none."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Door:
    """A proxy in front of a server: it wants a key, may be slow for ever, and notes what came."""

    def __init__(self, port: int, key: str | None = None, passage: "type[Passage] | None" = None) -> None:
        self.behind, self.key = port, key
        self.headers: list[dict[str, str]] = []
        self.silent = threading.Event()
        """While it is set, nothing is answered."""
        self.chance: Callable[[], float] | None = None
        """Gives a number from 0 to 1 for each request: below a tenth it is not passed on, and below two
        tenths what comes back is not; either way the connection is cut."""
        self.closing = threading.Event()
        self._server = _DoorServer(("127.0.0.1", 0), passage or Passage)
        self._server.door = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        """The address of the door."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _DoorServer(ThreadingHTTPServer):
    door: Door
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """A client that has gone is none."""


class Passage(BaseHTTPRequestHandler):
    """Brings one request to the server behind, and the reply back."""

    protocol_version = "HTTP/1.1"
    server: _DoorServer

    def _pass(self) -> None:
        door = self.server.door
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        door.headers.append({name.lower(): value for name, value in self.headers.items()})
        while door.silent.is_set() and not door.closing.wait(0.02):
            pass
        if door.key is not None and self.headers.get("X-Chroma-Token") != door.key:
            self._answer(401, b'{"error":"Unauthorized","message":"not ' + str(self.headers).encode() + b'"}')
            return
        luck = door.chance() if door.chance is not None else 1.0
        if luck < 0.1:
            self.close_connection = True
            return
        status, told = self.through(self.command, self.path, body)
        if luck < 0.2:
            self.close_connection = True
        else:
            self._answer(status, told)

    def through(self, command: str, path: str, body: bytes) -> tuple[int, bytes]:
        """Ask the server behind; gives the status and what it says."""
        with closing(HTTPConnection("127.0.0.1", self.server.door.behind)) as behind:
            behind.request(command, path, body, {"Content-Type": "application/json"})
            reply = behind.getresponse()
            return reply.status, reply.read()

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = _pass  # noqa: N815 - the base class's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def answering(reply: Callable[[bytes], bytes] | None) -> Iterator[str]:
    """A server that answers what it is asked with some bytes, or with nothing; gives its address."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.05)

        def serve() -> None:
            held: list[socket.socket] = []
            while not done.is_set():
                try:
                    client, _ = listening.accept()
                except TimeoutError:
                    continue
                held.append(client)
                if reply is not None:
                    client.sendall(reply(client.recv(65_536)))
                    client.close()
            for client in held:
                client.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        done.set()
        thread.join()


def http(status: int, body: str, kind: str = "application/json") -> bytes:
    """Write a reply."""
    head = f"HTTP/1.1 {status} So\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close"
    return f"{head}\r\n\r\n{body}".encode()
