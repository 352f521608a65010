"""A Chroma server that several homes share: whether it is there, what it is, and its collections."""

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

from assistant.errors import AssistantError, ServerError
from assistant.secrets import public_address, redacted, secret_strings
from assistant.settings import Settings

if TYPE_CHECKING:
    import httpx
    from chromadb.api.fastapi import FastAPI
    from chromadb.api.models.Collection import Collection

MAJOR = "1"
"""The version of Chroma's servers that this one's client speaks to."""

PATIENCE = 3.0
"""Seconds that a server has to say what it is, before there is any work for it."""
SILENCE = 30.0
"""Seconds without a sign of it in the midst of work."""

PAGE = 300
"""Entries written or read at a time: what Chroma Cloud allows."""

LONGEST_REPLY = 65_536
"""Bytes of a server's reply about itself that are read."""
LONGEST_REASON = 200
"""Characters of what it says that are passed on."""

REFUSALS = (401, 403)

_ERRNO = re.compile(r"\[Errno -?\d+\] ")

Given = TypeVar("Given")


class ChromaServer:
    """The server that the settings name. Nothing is sent before it is needed. Safe for several threads.

    Chroma's own client waits for ever, and goes by the proxies of the environment; this one does neither.
    """

    def __init__(self, settings: Settings) -> None:
        """Name the server; `settings.chroma_url` is set."""
        url = urlsplit(settings.chroma_url or "")
        key = settings.chroma_api_key.get_secret_value() if settings.chroma_api_key else None
        self.address = public_address(settings.chroma_url or "")
        self._url = SplitResult(url.scheme, url.netloc.rpartition("@")[2], url.path.rstrip("/"), "", "")
        self._tenant, self._database = settings.chroma_tenant, settings.chroma_database
        self._has_key = key is not None
        self._secrets = secret_strings([key, url.password and unquote(url.password)])
        self._headers = {"X-Chroma-Token": key} if key else {}
        if url.username is not None:
            login = f"{unquote(url.username)}:{unquote(url.password or '')}".encode()
            self._headers["Authorization"] = f"Basic {base64.b64encode(login).decode()}"
        self._opening = threading.RLock()
        self._amid_writing = False

    def close(self) -> None:
        """Let go of connections."""
        with self._opening:
            for name in ("_asking", "_working"):
                if (session := self.__dict__.pop(name, None)) is not None:
                    session.close()
            self.__dict__.pop("_api", None)

    def version(self) -> str:
        """Ask the server for its version.

        Raises:
            ServerError: it cannot be reached, refuses the key, or is of another version; within 5 seconds.
        """
        found = self._ask("/api/v2/version")
        if found is None:
            old = self._ask("/api/v1/version")
            found = old if isinstance(old, str) else None
        if not isinstance(found, str):
            raise self._stranger()
        if found.split(".")[0] != MAJOR:
            shown = self._shown(found)
            raise ServerError(
                f"The server at {self.address} is Chroma {shown}, and one of version {MAJOR} is needed: "
                "upgrade it, or set ASSISTANT_CHROMA_URL to another."
            )
        return found

    def collection(
        self, name: str, metadata: dict[str, Any] | None = None, *, sparse: str | None = None
    ) -> "Collection":
        """Open a collection, creating it where it is missing.

        Args:
            name: what it is called.
            metadata: of a new one.
            sparse: the key of sparse vectors that a new one is to be searched by too, if the server can.

        Raises:
            ServerError: the server cannot be used.
        """
        from assistant.index.opening import open_collection

        with self.told():
            there = {"tenant": self._tenant, "database": self._database}
            return open_collection(self._connected(), there, name, metadata, sparse)

    def batch_size(self) -> int:
        """Say how many entries can be written at once."""
        with self.told():
            return min(PAGE, self._connected().get_max_batch_size())

    def _connected(self) -> "FastAPI":
        with self._opening:
            if "_api" not in self.__dict__:
                self.version()
                path = f"/api/v2/tenants/{self._tenant}/databases/{self._database}"
                if self._ask(path) is None:
                    raise ServerError(
                        f"The Chroma server at {self.address} has no database {self._database!r} of a tenant "
                        f"{self._tenant!r}: create it, or correct ASSISTANT_CHROMA_DATABASE."
                    )
            return self._api

    @cached_property
    def _api(self) -> "FastAPI":
        from chromadb.api.fastapi import FastAPI
        from chromadb.config import Settings as ChromaSettings
        from chromadb.config import System

        # All that could come from the environment is said here.
        system = System(
            ChromaSettings(
                chroma_api_impl="chromadb.api.fastapi.FastAPI",
                chroma_server_host=self._url.geturl(),
                chroma_server_http_port=self._url.port or (443 if self._url.scheme == "https" else 80),
                chroma_server_ssl_enabled=self._url.scheme == "https",
                chroma_server_headers=dict(self._headers),
                chroma_client_auth_provider=None,
                chroma_otel_collection_endpoint="",
                anonymized_telemetry=False,
            )
        )
        api = system.instance(FastAPI)
        api._session.close()  # noqa: SLF001 - it has no timeout, and nobody can give it one
        api._session = self._working  # noqa: SLF001
        return api

    @cached_property
    def _asking(self) -> "httpx.Client":
        return self._session(PATIENCE)

    @cached_property
    def _working(self) -> "httpx.Client":
        return self._session(SILENCE)

    def _session(self, silence: float) -> "httpx.Client":
        import httpx

        from assistant.index.asking_again import AskingAgain

        verify = httpx.create_ssl_context() if self._url.scheme == "https" else False
        return httpx.Client(
            headers={**self._headers, "Content-Type": "application/json"},
            timeout=httpx.Timeout(silence, connect=PATIENCE),
            transport=AskingAgain(verify=verify, trust_env=False),
            trust_env=False,
        )

    def _ask(self, path: str) -> object:
        """Get something that the server says of itself; None where it knows no such thing.

        Raises:
            ServerError: there is no answer, or none of a Chroma server.
        """
        with self.told():
            with self._opening:
                session = self._asking
            # Looking a name up has no timeout of its own, and bytes that trickle meet none.
            status, body = _within(PATIENCE + 1, lambda: _read(session, self._url.geturl() + path))
            if status in REFUSALS:
                raise self._refused(status)
            if status in {404, 405, 410}:
                return None
            text = body.decode("utf-8", "replace")
            if status // 100 == 5:  # noqa: PLR2004 - of the hundreds, those of servers that fail
                raise self._failed(f"{status}: {self._shown(text)}")
            try:
                found: object = json.loads(text)
            except ValueError:
                raise self._stranger() from None
            if status != 200:  # noqa: PLR2004
                raise self._stranger()
            return found

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Have what fails meanwhile say that the command may be run again: an ingest reads, too."""
        self._amid_writing = True
        try:
            yield
        finally:
            self._amid_writing = False

    @contextmanager
    def told(self, *, writing: bool = False) -> Iterator[None]:
        """Say in a sentence what the client says when something fails.

        Raises:
            ServerError: something did.
        """
        import httpx

        try:
            yield
        except AssistantError:
            raise
        # What a server said may hold a key that it was sent: it is not left in a chain of errors.
        except (TimeoutError, httpx.TimeoutException):
            raise ServerError(
                f"The Chroma server at {self.address} does not answer: see whether it runs, "
                "or correct ASSISTANT_CHROMA_URL."
            ) from None
        except (OSError, httpx.NetworkError, httpx.RemoteProtocolError, httpx.InvalidURL) as error:
            again = writing or self._amid_writing
            then = ", and run the command again, which goes on where it was" if again else ""
            raise ServerError(
                f"The Chroma server at {self.address} cannot be reached ({self._shown(str(error))}): "
                f"start it{then}, or correct ASSISTANT_CHROMA_URL."
            ) from None
        except httpx.HTTPError as error:
            raise self._failed(self._shown(str(error))) from None
        except (json.JSONDecodeError, AttributeError, KeyError, TypeError):  # no JSON, or not Chroma's
            raise self._stranger() from None
        except Exception as error:  # noqa: BLE001 - Chroma raises Exception itself for what it cannot place
            code = getattr(error, "code", None)
            status = code() if callable(code) else 0
            raise (
                self._refused(status) if status in REFUSALS else self._failed(self._shown(str(error)))
            ) from None

    def _refused(self, status: int) -> ServerError:
        cure = (
            "correct ASSISTANT_CHROMA_API_KEY" if self._has_key else "set ASSISTANT_CHROMA_API_KEY to its key"
        )
        wrong = "refuses the key" if self._has_key else "wants a key"
        return ServerError(f"The Chroma server at {self.address} {wrong} ({status}): {cure}.")

    def _failed(self, reason: str) -> ServerError:
        return ServerError(
            f"The Chroma server at {self.address} failed ({reason}): see what it logs, and try again."
        )

    def _stranger(self) -> ServerError:
        return ServerError(
            f"What answers at {self.address} is not a Chroma server of version {MAJOR}: "
            "correct ASSISTANT_CHROMA_URL."
        )

    def _shown(self, text: str) -> str:
        """Give what was said as part of a sentence, without keys and control characters."""
        plain = " ".join("".join(c if c.isprintable() else " " for c in _ERRNO.sub("", text)).split())
        return redacted(plain, self._secrets)[:LONGEST_REASON].rstrip(".: ") or "no reason given"


def _read(session: "httpx.Client", url: str) -> tuple[int, bytes]:
    """Get the status of a page and the beginning of what it says."""
    with session.stream("GET", url) as response:
        body = b""
        for piece in response.iter_bytes():
            body += piece
            if len(body) > LONGEST_REPLY:
                break
        return response.status_code, body


def _within(seconds: float, call: Callable[[], Given]) -> Given:
    """Give what a call gives, or leave it behind.

    Raises:
        TimeoutError: it took longer.
    """
    outcome: SimpleQueue[Callable[[], Given]] = SimpleQueue()

    def run() -> None:
        try:
            given = call()
        except Exception as error:  # noqa: BLE001 - raised again where somebody waits for it
            raised = error
            outcome.put(lambda: _raise(raised))
        else:
            outcome.put(lambda: given)

    threading.Thread(target=run, daemon=True).start()
    try:
        return outcome.get(timeout=seconds)()
    except Empty:
        raise TimeoutError from None


def _raise(error: Exception) -> Any:
    raise error
