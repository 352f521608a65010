"""A real `chroma run` for benches and tests."""

import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

import httpx


class ChromaRun:
    """The server of a folder, on loopback, which can be killed and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        """What `ASSISTANT_CHROMA_URL` is set to."""
        return f"http://127.0.0.1:{self.port}"

    @staticmethod
    def arguments(folder: Path | str, port: int) -> list[str]:
        """Give what stands behind `chroma run`."""
        return ["--path", str(folder), "--host", "127.0.0.1", "--port", str(port)]

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = str(Path(sys.executable).parent / "chroma")
        self._process = subprocess.Popen(  # noqa: S603 - the one that comes with the packages
            [command, "run", *self.arguments(self._folder, self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 60
        with httpx.Client(trust_env=False, verify=False) as client:  # noqa: S501 - there is no TLS
            while True:
                try:
                    client.get(f"{self.url}/api/v2/heartbeat").raise_for_status()
                except httpx.HTTPError:
                    if self._process.poll() is not None or time.monotonic() > until:
                        self.kill()
                        raise RuntimeError("chroma run does not answer, or has ended") from None
                    time.sleep(0.05)
                else:
                    return

    def kill(self) -> None:
        """End it at once, as a power cut of the machine's process would: nothing is tidied up."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def database(self) -> str:
        """Make a database that nobody uses."""
        name = f"d{uuid.uuid4().hex[:12]}"
        with httpx.Client(trust_env=False, verify=False) as client:  # noqa: S501
            made = client.post(f"{self.url}/api/v2/tenants/default_tenant/databases", json={"name": name})
        made.raise_for_status()
        return name
