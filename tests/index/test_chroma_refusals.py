"""A shared Chroma server that cannot be used, or wants a key: what is said, how soon, and what is not."""

import json
import time
from contextlib import closing
from pathlib import Path

import pytest
from chroma_server import Door, answering, http
from conftest import Run
from library import LIBRARY
from pydantic import SecretStr
from sharing_homes import KETTLE, Share, first, looks, of

from assistant import Assistant, PaperNotFoundError, ServerError, Settings
from assistant.index.minilm_weights import EncoderFiles
from assistant.index.server import ChromaServer
from assistant.terminal.rendering import status_object
from bench.durability.chroma_run import ChromaRun

KEY = "Marmalade/orchard+7731"
PASSWORD = "Sesame-4711-planted"

# Servers that are none


HTML = "<html><body>Welcome to nginx!</body></html>"


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (None, "does not answer: see whether it runs"),
        (b"", "cannot be reached (Server disconnected without sending a response): start it"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "cannot be reached"),
        (http(200, HTML, "text/html"), "is not a Chroma server of version 1"),
        (http(404, HTML, "text/html"), "is not a Chroma server of version 1"),
        (http(200, '{"status": "ok"}'), "is not a Chroma server of version 1"),
        (http(302, ""), "is not a Chroma server of version 1"),
        (http(200, '"0.6.3"'), "is Chroma 0.6.3, and one of version 1 is needed: upgrade it"),
        (http(200, '"2.0.0"'), "is Chroma 2.0.0, and one of version 1 is needed"),
        (http(401, f'{{"error": "{KEY}"}}'), "refuses the key (401): correct ASSISTANT_CHROMA_API_KEY"),
        (http(403, "no"), "refuses the key (403)"),
        (http(503, f"busy with {KEY}\x1b[2J"), "failed (503: busy with (key removed) [2J): see what it logs"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1_000_000, "is not a Chroma server of version 1"),
    ],
)
def test_what_is_wrong_with_a_server_is_said_within_seconds(
    share: Share, reply: bytes | None, says: str
) -> None:
    with answering(None if reply is None else lambda _: reply) as url:
        refused(share, url.replace("://", f"://ada:{PASSWORD}@"), url, says)


def refused(share: Share, url: str, shown: str, says: str) -> None:
    index = share("refused", chroma_url=url, chroma_api_key=SecretStr(KEY))
    start = time.monotonic()
    with pytest.raises(ServerError) as caught:
        index.ingest(of(LIBRARY[0]))
    assert time.monotonic() - start < 5
    sentence = str(caught.value)
    assert says in sentence
    assert shown in sentence
    assert KEY not in sentence
    assert PASSWORD not in sentence
    assert sentence.count("\n") == 0
    assert caught.value.__cause__ is None
    assert not any(index.ledger.counts().values())


def test_nobody_at_the_address_is_said(share: Share) -> None:
    refused(share, "http://127.0.0.1:9", "http://127.0.0.1:9", "cannot be reached (Connection refused)")
    refused(share, "http://nowhere.invalid:9", "http://nowhere.invalid:9", "cannot be reached (")


def test_what_fails_amid_an_ingest_says_that_it_goes_on(shared: Settings) -> None:
    server = ChromaServer(shared.model_copy(update={"chroma_url": "http://127.0.0.1:9"}))
    with closing(server):
        with server.writing(), pytest.raises(ServerError, match="run the command again, which goes on"):
            server.version()
        with pytest.raises(ServerError, match="start it, or correct"):
            server.version()


def test_a_server_of_the_old_interface_is_told_by_its_version(share: Share) -> None:
    def reply(request: bytes) -> bytes:
        if request.startswith(b"GET /api/v1/version "):
            return http(200, '"0.5.3"')
        return http(404, '{"detail":"Not Found"}')

    with answering(reply) as url:
        refused(share, url, url, "is Chroma 0.5.3, and one of version 1 is needed: upgrade it")


def test_a_database_that_is_not_there_is_named(share: Share) -> None:
    index = share("a", chroma_database="nowhere")
    with pytest.raises(ServerError, match="has no database 'nowhere' of a tenant 'default_tenant'"):
        index.ingest(of(LIBRARY[0]))


def test_a_server_falls_silent_in_the_midst_and_comes_back(share: Share, server: ChromaRun) -> None:
    door = Door(server.port)
    try:
        index = share("a", chroma_url=door.url)
        index.ingest(of(LIBRARY[0]))
        assert index.sharing is not None
        door.silent.set()
        index.sharing._looked = -1.0
        start = time.monotonic()
        with pytest.raises(ServerError, match="does not answer"):
            index.ensure_papers()
        assert time.monotonic() - start < 5
        door.silent.clear()
        index.ensure_papers()
        assert first(index) == KETTLE
    finally:
        door.close()


# The command, and keys


def test_the_command_names_the_server_and_no_key_is_written(
    run: Run, shared: Settings, server: ChromaRun, model_files: EncoderFiles, tmp_path: Path
) -> None:
    assert model_files.model.is_file()
    door = Door(server.port, KEY)
    try:
        (tmp_path / "work" / ".env").write_text(f"ASSISTANT_CHROMA_API_KEY={KEY}\n")
        variables = {
            "ASSISTANT_CHROMA_URL": door.url.replace("://", f"://ada:{PASSWORD}@"),
            "ASSISTANT_CHROMA_DATABASE": shared.chroma_database,
            "ASSISTANT_DEBUG": "1",
            # Nobody is asked the way to a server that was named.
            "HTTP_PROXY": "http://127.0.0.1:9",
            "ALL_PROXY": "http://127.0.0.1:9",
        }
        line = json.dumps({"title": KETTLE, "abstract": LIBRARY[0].text})
        ingested = run("ingest", "-", "--json", stdin=line, **variables)
        assert json.loads(ingested.stdout)["added"] == 1
        status = run("status", **variables)
        assert status.stdout.splitlines()[1:3] == [f"Server   {door.url} (Chroma 1.0.0)", "Papers   1"]
        assert {headers.get("x-chroma-token") for headers in door.headers} == {KEY}
        assert {headers["authorization"][:6] for headers in door.headers} == {"Basic "}
        refused_ = run("papers", "list", ASSISTANT_CHROMA_API_KEY="another-key-9", **variables)
        assert "refuses the key (401)" in refused_.stderr
    finally:
        door.close()
    told = "".join(done.stdout + done.stderr for done in (ingested, status, refused_))
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != ".env"]
    assert len(written) > 3
    for secret in (KEY, PASSWORD, "another-key-9"):
        assert secret not in told
        assert [path for path in written if secret.encode() in path.read_bytes()] == []


def test_json_has_the_server(share: Share, server: ChromaRun, assistant: Assistant) -> None:
    found = status_object(Assistant(share("a")).status())
    assert found["server"] == {"address": server.url, "version": "1.0.0"}
    assert status_object(assistant.status())["server"] is None


def test_without_a_key_the_door_says_which_variable(share: Share, server: ChromaRun) -> None:
    door = Door(server.port, KEY)
    try:
        with pytest.raises(ServerError, match=r"wants a key \(401\): set ASSISTANT_CHROMA_API_KEY"):
            share("a", chroma_url=door.url).ensure_papers()
    finally:
        door.close()


def test_nothing_is_sent_before_it_is_needed(shared: Settings) -> None:
    server = ChromaServer(shared.model_copy(update={"chroma_url": "http://127.0.0.1:9"}))
    assert server.address == "http://127.0.0.1:9"
    server.close()


def test_removing_what_is_not_there_changes_nothing(share: Share) -> None:
    a = share("a")
    a.ingest(of(LIBRARY[0]))
    with pytest.raises(PaperNotFoundError):
        Assistant(a).remove("Nothing of the kind")
    assert looks(share("b")).keys() == {KETTLE}
