"""Every setting, in one typed place.

Each is read from the environment (`ASSISTANT_` and its name in capitals), else from a `.env` file in the
working folder, else it has the default below. `.env.example` lists them all.
"""

from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from assistant.errors import SettingsError


class Settings(BaseSettings):
    """What a user can set. Immutable; pass a changed copy to `Assistant.open`."""

    model_config = SettingsConfigDict(
        env_prefix="ASSISTANT_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    home: Path = Field(default_factory=lambda: platformdirs.user_data_path("assistant"))
    """The folder that holds the papers and their index."""

    cache: Path = Field(default_factory=lambda: platformdirs.user_cache_path("assistant"))
    """A folder for what can be made again: the encoder's graph, built once from its weights."""

    embedding: Literal["minilm", "words"] = "minilm"
    """What an index is made of: MiniLM vectors beside the words, or the words alone."""

    minilm_dir: Path | None = None
    """A folder with all-MiniLM-L6-v2's weights, looked at before any other place."""

    lock_timeout: float = Field(default=60.0, ge=0)
    """Seconds to wait for another process that is writing the same home."""

    @classmethod
    def load(cls, *, home: Path | None = None) -> "Settings":
        """Read the settings of this process; a home given here goes before the environment's.

        Raises:
            SettingsError: a value is not of its type; names the variable.
        """
        try:
            settings = cls() if home is None else cls(home=home)
        except ValidationError as error:
            first = error.errors()[0]
            variable = "ASSISTANT_" + "_".join(map(str, first["loc"])).upper()
            raise SettingsError(
                f"{variable} cannot be {first['input']!r} ({first['msg'].lower()}): correct it or unset it."
            ) from None
        return settings
