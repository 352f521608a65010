"""Cold start: whole processes, from the shell's command to their end, or to the prompt of a chat."""

import sys
import time
from pathlib import Path

from bench.speed.processes import ROOT, Ended
from bench.speed.report import Row, Table, usage
from bench.speed.setting import QUESTION, Setting

sys.path.insert(0, str(ROOT / "tests"))

from screen import Terminal

COMMANDS: dict[str, tuple[str, ...]] = {
    "`assistant --help`": ("--help",),
    "`assistant papers list`": ("papers", "list"),
    "`assistant search`": ("search", "wide networks"),
}


def measure(setting: Setting, runs: int) -> Table:
    """Ask once in a process, ours and the peer's in turn; then the other commands."""
    setting.command("ask", QUESTION)  # what is on disk is in memory from here on, for both sides
    setting.peer("ask", QUESTION)
    ours: list[Ended] = []
    others: list[Ended] = []
    rest: dict[str, list[float]] = {}
    for _ in range(runs):
        ours.append(setting.command("ask", QUESTION))
        others.append(setting.peer("ask", QUESTION))
        for what, command in COMMANDS.items():
            rest.setdefault(what, []).append(setting.command(*command).seconds)
        rest.setdefault("`assistant chat` to its prompt", []).append(prompt(setting))
    return Table(
        name="cold",
        title=f"Cold start: one question to {setting.count} papers in a process of its own",
        other="LlamaIndex + Chroma",
        rows=(
            Row(
                what="`assistant ask`",
                unit="s",
                ours=tuple(each.seconds for each in ours),
                other=tuple(each.seconds for each in others),
                target="<= 0.65",
            ),
            *usage(ours, others, memory_target="<= 0.8"),
            *(Row(what=what, unit="s", ours=tuple(seconds)) for what, seconds in rest.items()),
        ),
        notes="The peer retrieves and prints five texts; the assistant ranks by three signals, and answers.",
    )


def prompt(setting: Setting) -> float:
    """Start a chat in a pseudo-terminal; gives the seconds to its prompt."""
    variables = {**setting.environment, "ASSISTANT_HOME": str(setting.home)}
    terminal = Terminal(["assistant", "chat", "--no-history"], variables, Path(setting.folder), columns=100)
    terminal.until("\n>")
    waited: float = time.monotonic() - terminal.begun
    terminal.type("\x04")
    terminal.end()
    return waited
