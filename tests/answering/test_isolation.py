"""Between a question and its answer: no LlamaIndex, and no network but the server that was set."""

import json
import subprocess
import sys
from pathlib import Path

from peer import MODEL, Peer

ASK = """
import asyncio, json, sys
seen = []

def watch(event, arguments):
    if event == "socket.connect":
        seen.append(list(arguments[1])[:2] if isinstance(arguments[1], tuple) else str(arguments[1]))
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        seen.append([str(arguments[0]), arguments[1] if event == "socket.getaddrinfo" else 0])
    elif event in ("socket.sendto", "socket.sendmsg"):
        seen.append(["sent", str(arguments[1])])

sys.addaudithook(watch)
from assistant import Assistant
with Assistant.open() as assistant:
    answer = assistant.ask(sys.argv[1])
    stream = assistant.stream(sys.argv[1])
    text = "".join(stream)
    again = asyncio.run(assistant.aask(sys.argv[1]))
assert text == answer.text == again.text
loaded = {name.split(".")[0] for name in sys.modules}
print(json.dumps({"seen": seen, "loaded": sorted(loaded), "text": answer.text}))
"""


def test_only_the_server_that_was_set_is_spoken_to_and_llamaindex_stays_out(
    environment: dict[str, str], small_home: Path, peer: Peer, tmp_path: Path
) -> None:
    variables = {
        **environment,
        "ASSISTANT_HOME": str(small_home),
        "ASSISTANT_MODEL": MODEL,
        "OPENAI_BASE_URL": peer.url,
        "OPENAI_API_KEY": "sk-loopback-0123456789",
    }
    peer.says(*["It saves 17.5% [1]."] * 3)
    done = subprocess.run(
        [sys.executable, "-c", ASK, "How much energy does KettleNet save?"],
        env=variables,
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    found = json.loads(done.stdout)
    port = int(peer.url.split(":")[2].split("/")[0])
    assert found["text"] == "It saves 17.5% [1]."
    assert found["seen"]
    assert all(address[:2] == ["127.0.0.1", port] for address in found["seen"])
    assert {"openai", "tiktoken"} <= set(found["loaded"])
    assert not {"llama_index", "banks", "nltk", "torch"} & set(found["loaded"])
