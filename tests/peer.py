"""A server of chat completions on loopback, which says what a test tells it to say.

It speaks the protocol over real sockets: JSON and server-sent events, chunks with the usage, errors with
the bodies and headers that servers really send, delays, and streams that are cut.
"""

import json
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

MODEL = "peer-model"


@dataclass(frozen=True, kw_only=True)
class Script:
    """What the peer does with one request."""

    text: str = ""
    pieces: Sequence[str] | None = None
    """How the text is cut when it streams; by default a few characters at a time."""
    status: int = 200
    body: object = None
    """The JSON of an error, or of a reply that is none."""
    raw: str | None = None
    """A body that is no JSON."""
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: float = 0.0
    """Seconds before the first byte, or until the test ends."""
    pause: float = 0.0
    """Seconds after each piece."""
    hold: threading.Event | None = None
    """What the second piece waits for."""
    finish: str | None = "stop"
    usage: tuple[int, int] | None = (100, 20)
    cut: bool = False
    """Whether the connection is cut before the stream's end."""
    event: object = None
    """An event sent after the pieces, such as an error."""


def failing(status: int, message: str, code: str | None = None, **more: Any) -> Script:
    """An error as OpenAI words it."""
    headers = more.pop("headers", {})
    error = {"message": message, "type": more.pop("type", "invalid_request_error"), "code": code, **more}
    return Script(status=status, body={"error": {"param": None, **error}}, headers=headers)


@dataclass(frozen=True)
class Request:
    """What a client sent."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]

    @property
    def text(self) -> str:
        """All that the messages say."""
        return "\n".join(message["content"] for message in self.body["messages"])


class Peer:
    """The server, running from its construction to its end."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.gone = threading.Event()
        """Set when a client has closed the connection before the end."""
        self.over = threading.Event()
        """Set when the test that is answered has ended."""
        self.by_default: Callable[[Request], Script] = lambda _: Script(text="It is so [1].")
        self._next: deque[Script] = deque()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.peer = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        """What `OPENAI_BASE_URL` is set to."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def says(self, *scripts: Script | str) -> Self:
        """Say what the next requests are answered with; a string is a reply."""
        self._next.extend(Script(text=one) if isinstance(one, str) else one for one in scripts)
        return self

    def reset(self) -> None:
        """Forget what came and what was to be said."""
        self.requests.clear()
        self._next.clear()
        self.gone.clear()
        self.over.set()
        self.over = threading.Event()
        self.by_default = lambda _: Script(text="It is so [1].")

    def script(self, request: Request) -> Script:
        """Choose what to do with a request."""
        self.requests.append(request)
        return self._next.popleft() if self._next else self.by_default(request)

    def close(self) -> None:
        """Stop."""
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def pieces_of(text: str, size: int = 3) -> list[str]:
    """Cut a text into pieces of one size."""
    return [text[start : start + size] for start in range(0, len(text), size)]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    peer: Peer

    def handle_error(self, request: object, client_address: object) -> None:
        """Take it that a client may go at any time; anything else is a mistake in a test."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"
    protocol_version = "HTTP/1.1"
    wbufsize = 0
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Tests print nothing."""

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        request = Request(self.path, {k.lower(): v for k, v in self.headers.items()}, json.loads(sent))
        over = self.server.peer.over
        script = self.server.peer.script(request)
        if script.wait and over.wait(script.wait):
            self.close_connection = True
            return
        try:
            if self.path != "/v1/chat/completions":
                self._send(404, b"404 page not found", "text/plain", {})
            elif script.status != 200 or script.body is not None:
                self._send(
                    script.status, json.dumps(script.body).encode(), "application/json", script.headers
                )
            elif script.raw is not None:
                self._send(200, script.raw.encode(), "text/html", {})
            elif request.body.get("stream"):
                self._stream(script, request)
            else:
                self._whole(script, request)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
            self.server.peer.gone.set()

    def _send(self, status: int, body: bytes, kind: str, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _whole(self, script: Script, request: Request) -> None:
        message = {"role": "assistant", "content": script.text}
        choice = {"index": 0, "message": message, "finish_reason": script.finish}
        body = {**_frame(request, "chat.completion"), "choices": [choice], "usage": _usage(script)}
        self._send(200, json.dumps(body).encode(), "application/json", {})

    def _stream(self, script: Script, request: Request) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        frame = _frame(request, "chat.completion.chunk")
        for piece in pieces_of(script.text) if script.pieces is None else script.pieces:
            self._event({**frame, "choices": [_choice({"content": piece})]})
            time.sleep(script.pause)
            if script.hold is not None:
                script.hold.wait(60)
        if script.event is not None:
            self._event(script.event)
        if script.cut:
            self.close_connection = True
            return
        if script.finish is not None:
            self._event({**frame, "choices": [_choice({}, script.finish)]})
        if script.usage and (request.body.get("stream_options") or {}).get("include_usage"):
            self._event({**frame, "choices": [], "usage": _usage(script)})
        self._chunk(b"data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _event(self, value: object) -> None:
        self._chunk(f"data: {json.dumps(value)}\n\n".encode())

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")


def _frame(request: Request, kind: str) -> dict[str, object]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": request.body.get("model")}


def _choice(delta: dict[str, str], finish: str | None = None) -> dict[str, object]:
    return {"index": 0, "delta": delta, "finish_reason": finish}


def _usage(script: Script) -> dict[str, int] | None:
    if script.usage is None:
        return None
    read, written = script.usage
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
