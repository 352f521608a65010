"""The settings of a model and its server."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from assistant import Assistant, Settings, SettingsError
from assistant.settings import DEFAULT_MODEL

KEY = "sk-loopback-0123456789"


def test_the_default_model_is_of_the_openai_packages_own_list() -> None:
    from typing import get_args

    from openai.types import ChatModel

    assert DEFAULT_MODEL in get_args(ChatModel)


@pytest.mark.parametrize(
    ("variables", "by_model"),
    [
        ({}, False),
        ({"OPENAI_API_KEY": KEY}, True),
        ({"OPENAI_BASE_URL": "http://localhost:1/v1"}, True),
        ({"ASSISTANT_MODEL": "some-model"}, False),
        ({"OPENAI_API_KEY": KEY, "ASSISTANT_MODEL": "extractive"}, False),
        ({"OPENAI_API_KEY": " "}, False),
    ],
)
def test_a_key_or_an_address_brings_the_model_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variables: dict[str, str], *, by_model: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert Settings.load().reads_by_model is by_model


def test_they_may_stand_in_the_env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(
        f'OPENAI_API_KEY={KEY}\nASSISTANT_MODEL=some-model\nASSISTANT_PRICES={{"some-model": [1, 2]}}\n'
    )
    settings = Settings.load()
    assert settings.openai_api_key is not None
    assert settings.openai_api_key.get_secret_value() == KEY
    assert settings.prices == {"some-model": (1.0, 2.0)}
    with Assistant.open(home=tmp_path / "home", settings=settings) as assistant:
        assert assistant.status().reader == "some-model"


def test_a_key_is_never_shown() -> None:
    settings = Settings(openai_api_key=SecretStr(KEY), chroma_api_key=SecretStr(KEY))
    assert KEY not in repr(settings)
    assert KEY not in str(settings)


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("OPENAI_API_KEY", f"{KEY} \u00e9", "OPENAI_API_KEY cannot be what it is"),
        ("OPENAI_BASE_URL", "localhost:8000", "begins with http:// or https://"),
        ("ASSISTANT_CHROMA_URL", "localhost:8000", "begins with http:// or https://"),
        ("ASSISTANT_CHROMA_URL", f"http://ada:{KEY}@:8000", "ASSISTANT_CHROMA_URL cannot be what it is"),
        ("ASSISTANT_CHROMA_URL", "http://localhost:99999", "ASSISTANT_CHROMA_URL cannot be"),
        ("ASSISTANT_CHROMA_API_KEY", f"{KEY} \u00e9", "ASSISTANT_CHROMA_API_KEY cannot be what it is"),
        ("ASSISTANT_CHROMA_DATABASE", "a/b", "ASSISTANT_CHROMA_DATABASE cannot be 'a/b'"),
        ("ASSISTANT_REPLY", "8000", "ASSISTANT_REPLY is 8000, more than half of ASSISTANT_CONTEXT"),
        ("ASSISTANT_CONTEXT", "many", "ASSISTANT_CONTEXT cannot be 'many'"),
        ("ASSISTANT_TIMEOUT", "0", "ASSISTANT_TIMEOUT cannot be '0'"),
        ("ASSISTANT_PRICES", '{"m": [1]}', "ASSISTANT_PRICES cannot be"),
        ("ASSISTANT_PRICES", '{"m": [-1, 2]}', "ASSISTANT_PRICES cannot be"),
        ("ASSISTANT_PRICES", "cheap", "ASSISTANT_PRICES cannot be"),
    ],
)
def test_an_unusable_value_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, value: str, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    assert says in str(caught.value)
    assert KEY not in str(caught.value)
