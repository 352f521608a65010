"""How a model wants to be asked: what of a request its server takes."""

import re
from collections.abc import Mapping
from typing import Any

from assistant.answering.failures import is_too_long

TEMPERATURE = 0.0
_ABOUT_THE_FORM = re.compile(r"response.?format|json.?schema|structured.?output|grammar", re.IGNORECASE)


class Habits:
    """How a model wants to be asked, learnt from what it rejects."""

    def __init__(self, *, limit: str) -> None:
        """Begin with the name for the reply's limit that the server most likely knows."""
        self._limits = [limit, *{"max_tokens", "max_completion_tokens"} - {limit}]
        self._dropped: set[str] = set()

    def parameters(
        self, reply: int, *, stream: bool, schema: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Give the parameters that it is known to take, or not known to reject."""
        wanted: dict[str, Any] = {"temperature": TEMPERATURE, **dict.fromkeys(self._limits[:1], reply)}
        if stream:
            wanted |= {"stream": True, "stream_options": {"include_usage": True}}
        if schema:
            form = {"name": schema["title"], "strict": True, "schema": schema}
            wanted["response_format"] = {"type": "json_schema", "json_schema": form}
        return {name: value for name, value in wanted.items() if name not in self._dropped}

    def learn(self, error: Exception) -> bool:
        """Give up what an error is about; False where it is about nothing that can be given up."""
        from openai import APIStatusError

        if not isinstance(error, APIStatusError) or error.status_code not in (400, 422) or is_too_long(error):
            return False
        words = f"{error.param or ''} {error.message}"
        for name in list(self._limits[:1]):
            if name in words:
                self._limits.remove(name)
                return True
        for name in ("stream_options", "temperature"):
            if name in words and name not in self._dropped:
                self._dropped.add(name)
                return True
        if _ABOUT_THE_FORM.search(words) and "response_format" not in self._dropped:
            self._dropped.add("response_format")
            return True
        return False
