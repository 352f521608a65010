"""Record a chat: run it in a pseudo-terminal, and write what the screen shows.

    python docs/record.py    writes docs/chat.svg, and the session in docs/terminal.md

The program that is recorded is the real one, with the shipped papers and the extractive reader.
"""

import io
import os
import re
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "tests"))

from screen import Terminal  # noqa: E402 - it stands with the tests, which look at the same screen

COLUMNS = 84
TYPED = (
    "What does WideNet share across its layers?",
    "and how does it do on ImageNet-1K?",
    "when was it published?",
    "/cite 1",
)
SESSION = re.compile(r"(?<=<!-- session -->\n```text\n).*?(?=```)", re.DOTALL)
FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def recorded(home: Path) -> list[str]:
    """Hold the chat in a home, and give the rows of its screen; an empty home takes the shipped papers up."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", os.defpath)])
    environment = {**kept, "PATH": path, "LANG": "C.UTF-8", "ASSISTANT_HOME": str(home)}
    terminal = Terminal(["assistant", "chat", "--no-history"], environment, home, columns=COLUMNS)
    terminal.until(lambda text: text.endswith("papers"), 280)
    for line in TYPED:
        before = terminal.text.count("\n> ")
        terminal.type(f"{line}\r")
        terminal.until(lambda text, n=before: text.count("\n> ") > n and text.split("\n")[-2] == ">", 60)  # type: ignore[misc]
        time.sleep(0.2)
    rows = terminal.rows
    terminal.type("\x04")
    terminal.end()
    return rows


def drawn(rows: list[str]) -> str:
    """Draw the screen, as SVG."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    for row in rows:
        console.print(Text(row, style="bold" if row.startswith("> ") else ""))
    # No fonts from elsewhere: the page is whole by itself.
    return FONTS.sub("", console.export_svg(title="assistant chat", unique_id="chat"))


def main() -> None:
    """Record, and write."""
    with tempfile.TemporaryDirectory() as home:
        rows = recorded(Path(home))
    (DOCS / "chat.svg").write_text(drawn(rows), encoding="utf-8")
    page = DOCS / "terminal.md"
    session = "".join(f"{row}\n" for row in rows)
    text = page.read_text(encoding="utf-8")
    page.write_text(SESSION.sub(lambda _: session, text, count=1), encoding="utf-8")


if __name__ == "__main__":
    main()
