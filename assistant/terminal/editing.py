"""The line that is typed: editing, history, completion.

Imports nothing but prompt_toolkit and light modules, because it is there before anything else.
"""

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.enums import DEFAULT_BUFFER, EditingMode
from prompt_toolkit.filters import Condition, has_focus, to_filter
from prompt_toolkit.history import History as TypedHistory
from prompt_toolkit.history import ThreadedHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.styles import Style

from assistant.terminal.cleaning import cleaned
from assistant.terminal.commands import COMMANDS

if TYPE_CHECKING:
    from assistant.terminal.loading import Loading

MOST = 20
"""Titles offered at once."""


class Completing(Completer):
    """Completes slash commands, titles after `/paper` and `/cite`, and files after `/save`."""

    def __init__(self, titles: Callable[[], list[str]]) -> None:
        """Complete from titles that may not be there yet."""
        self._titles = titles
        self._paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Give what the text before the cursor may go on to."""
        text = document.text_before_cursor
        name, space, rest = text.removeprefix("/").partition(" ")
        if not text.startswith("/") or "\n" in text:
            return
        if not space:
            for known, command in COMMANDS.items():
                if known.startswith(name.lower()):
                    yield Completion(f"/{known}", -len(text), display_meta=command.does)
        elif name in ("paper", "cite"):
            words = rest.lower().split()
            fitting = [title for title in self._titles() if all(word in title.lower() for word in words)]
            for title in sorted(fitting, key=lambda title: not title.lower().startswith(rest.lower()))[:MOST]:
                yield Completion(" ".join(cleaned(title).split()), -len(rest))
        elif name == "save":
            yield from self._paths.get_completions(Document(rest), complete_event)


class Asked(TypedHistory):
    """What was asked in conversations that were kept, newest first; new lines stay in memory."""

    def __init__(self, asked: Callable[[], list[str]]) -> None:
        """Read from a function, which may have to wait for the home."""
        super().__init__()
        self._asked = asked

    def load_history_strings(self) -> Iterable[str]:
        """Give what was asked, newest first."""
        yield from self._asked()

    def store_string(self, string: str) -> None:
        """Keep nothing here: a conversation is kept with its answers."""


def likes_vi() -> bool:
    """Tell whether somebody's readline is set to vi keys."""
    path = Path(os.environ.get("INPUTRC") or "~/.inputrc").expanduser()
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return bool(re.search(r"^\s*set\s+editing-mode\s+vi\b", text, re.MULTILINE))


def _keys() -> KeyBindings:
    keys = KeyBindings()
    typing = has_focus(DEFAULT_BUFFER)

    @keys.add("enter", filter=typing)
    def _send(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.document.text_before_cursor.endswith("\\") and buffer.document.is_cursor_at_the_end:
            buffer.delete_before_cursor()
            buffer.insert_text("\n")
        else:
            buffer.validate_and_handle()

    @keys.add("escape", "enter", filter=typing)
    def _new_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return keys


class Line:
    """The prompt."""

    def __init__(self, loading: "Loading", prompt: str, asked: Callable[[], list[str]], *, vi: bool) -> None:
        """Prepare the prompt.

        Args:
            loading: the home, which begins to load when the prompt is first shown.
            prompt: what stands before it.
            asked: gives what was asked before.
            vi: whether keys are vi's and not emacs'.
        """
        self._prompt = prompt
        self._session: PromptSession[str] = PromptSession(
            history=ThreadedHistory(Asked(asked)),
            completer=Completing(lambda: loading.papers),
            complete_while_typing=Condition(lambda: get_app().current_buffer.text.startswith("/")),
            key_bindings=_keys(),
            multiline=True,
            prompt_continuation="  ",
            editing_mode=EditingMode.VI if vi else EditingMode.EMACS,
            bottom_toolbar=lambda: f" {loading.told}",
            style=Style.from_dict({"bottom-toolbar": "noreverse"}),
            color_depth=ColorDepth.DEPTH_1_BIT if os.environ.get("NO_COLOR") else None,
            reserve_space_for_menu=4,
        )
        # The line below the prompt stands right below it, and not at the foot of the screen.
        self._session.app.layout.current_window.dont_extend_height = to_filter(True)
        self._session.app.after_render += lambda _: loading.start()

    def changed(self) -> None:
        """Draw the line below the prompt anew; may be called from any thread."""
        self._session.app.invalidate()

    def read(self) -> str:
        """Read what is typed.

        Raises:
            KeyboardInterrupt: Ctrl-C.
            EOFError: Ctrl-D on an empty line.
        """
        return self._session.prompt(self._prompt)
