"""Every setting, in one typed place.

Each is read from the environment (`ASSISTANT_` and its name in capitals), else from a `.env` file in the
working folder, else it has the default below. `.env.example` lists them all.
"""

import json
import re
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

import platformdirs
from pydantic import Field, NonNegativeFloat, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from assistant.errors import SettingsError

DEFAULT_MODEL = "gpt-5.4-mini"
"""A small current model of the openai package's own list."""
EXTRACTIVE = "extractive"
"""The name of the reader that needs no model."""


class Settings(BaseSettings):
    """What a user can set. Immutable; pass a changed copy to `Assistant.open`."""

    model_config = SettingsConfigDict(
        env_prefix="ASSISTANT_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
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

    chroma_url: str | None = None
    """The address of a Chroma server that holds papers and vectors for several homes; else the home does."""

    chroma_api_key: SecretStr | None = None
    """The key of that server, or of Chroma Cloud."""

    chroma_tenant: str = "default_tenant"
    """Whose databases they are, on that server."""

    chroma_database: str = "default_database"
    """The database that holds the papers, on that server."""

    openai_api_key: SecretStr | None = Field(default=None, validation_alias="OPENAI_API_KEY")
    """The key of the model's server; with it, or with an address, a model writes the answers."""

    openai_base_url: str | None = Field(default=None, validation_alias="OPENAI_BASE_URL")
    """The address of a server with OpenAI's chat completions, up to and with its `/v1`; else OpenAI's own."""

    model: str = DEFAULT_MODEL
    """The model that writes answers where there is a server; `extractive` for none."""

    judge_model: str | None = None
    """The model that judges answers, on the same server; by default the one that writes them."""

    prompts: Path | None = None
    """A folder whose prompts take the place of the shipped ones, file by file."""

    context: int = Field(default=8_192, ge=512)
    """Tokens that the model reads and writes at once; papers are shown until this is full."""

    reply: int = Field(default=2_048, ge=16)
    """Tokens that a reply may have, hidden reasoning included; they are kept free of the context."""

    timeout: float = Field(default=60.0, gt=0)
    """Seconds without a sign of the model's server."""

    patience: float = Field(default=120.0, gt=0)
    """Seconds until the first word at the most, all new attempts included."""

    retries: int = Field(default=2, ge=0, le=10)
    """New attempts when the model's server is busy or fails."""

    prices: Annotated[dict[str, tuple[NonNegativeFloat, NonNegativeFloat]], NoDecode] = {}
    """By model: what a million tokens read and a million written cost, in whatever currency."""

    @property
    def reads_by_model(self) -> bool:
        """Whether a model writes the answers."""
        return self.model != EXTRACTIVE and bool(self.openai_api_key or self.openai_base_url)

    @classmethod
    def variables(cls) -> dict[str, str]:
        """Give the environment's variable of each field."""
        fields = cls.model_fields.items()
        return {name: str(field.validation_alias or f"ASSISTANT_{name.upper()}") for name, field in fields}

    @field_validator("home", "cache", "minilm_dir", "prompts")
    @classmethod
    def _folder_stays(cls, folder: Path | None) -> Path | None:
        # A program may change its working folder while the home is open.
        return folder and folder.expanduser().absolute()

    @field_validator("openai_api_key", "chroma_api_key")
    @classmethod
    def _key_fits_a_header(cls, key: SecretStr | None) -> SecretStr | None:
        plain = key.get_secret_value().strip() if key else ""
        if not all("!" <= character <= "~" for character in plain):
            raise ValueError("a key has no spaces and no letters beyond ASCII")
        return SecretStr(plain) if plain else None

    @field_validator("openai_base_url", "chroma_url")
    @classmethod
    def _address_is_one(cls, address: str | None) -> str | None:
        if address and not re.match(r"https?://[^\s/]+", address):
            raise ValueError("an address begins with http:// or https://")
        return address

    @field_validator("chroma_url")
    @classmethod
    def _server_has_a_place(cls, address: str | None) -> str | None:
        parts = urlsplit(address or "")
        if address and not (parts.hostname and parts.port != 0):  # a port that is none is a ValueError
            raise ValueError("an address names a machine")
        return address and address.strip()

    @field_validator("chroma_tenant", "chroma_database")
    @classmethod
    def _name_is_one(cls, name: str) -> str:
        if not re.fullmatch(r"[\w.-]+", name):
            raise ValueError("a name has letters, digits, dots, hyphens and underscores")
        return name

    @field_validator("prices", mode="before")
    @classmethod
    def _prices_are_json(cls, prices: object) -> object:
        # json's own error is a ValueError, which pydantic words.
        return json.loads(prices) if isinstance(prices, str) else prices

    @model_validator(mode="after")
    def _reply_leaves_room(self) -> Self:
        if self.reply > self.context // 2:
            raise ValueError(f"is {self.reply}, more than half of ASSISTANT_CONTEXT, {self.context}")
        return self

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
            reason = first["msg"].removeprefix("Value error, ")
            reason = reason[:1].lower() + reason[1:]
            if not first["loc"]:  # of the whole: the one that weighs two values
                raise SettingsError(f"ASSISTANT_REPLY {reason}: lower it, or raise the other.") from None
            field = str(first["loc"][0])
            variable = cls.variables().get(field, field)
            # A key is never shown, not even a broken one, nor who may log in at an address.
            secret = "KEY" in variable or ("URL" in variable and "@" in str(first["input"]))
            shown = "what it is" if secret else repr(first["input"])
            raise SettingsError(f"{variable} cannot be {shown} ({reason}): correct it or unset it.") from None
        return settings
