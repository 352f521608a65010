"""The wheel, the lock files and `make ask`: what a newcomer has before the first answer."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
DATA_FOLDERS = ("corpus", "eval/questions", "prompts")
DATA_FILES = ("eval/baseline.json", "eval/gate.toml")
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-litellm.txt", "requirements-weights.txt")


# The wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def clean_environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment that holds the wheel, and borrows its dependencies instead of fetching them."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "--python",
            python,
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            wheel,
        ],
        check=True,
    )
    # A line in a .pth file brings the packages of that folder, but not the .pth files in it, so the link
    # to this checkout stays behind.
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (folder / "lib" / version / "site-packages" / "borrowed.pth").write_text("\n".join(sorted(borrowed)))
    return folder


@pytest.fixture
def stranger(tmp_path: Path) -> dict[str, str]:
    """The environment variables of someone with an empty home and no settings."""
    home = tmp_path / "home"
    home.mkdir()
    return {"HOME": str(home), "PATH": os.defpath, "LANG": "C.UTF-8"}


@pytest.fixture
def empty_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def checkout_files(folder: str, pattern: str = "*") -> dict[str, bytes]:
    """The files of a folder that a wheel should carry, by their path from the repository's root."""
    return {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for path in (ROOT / folder).rglob(pattern)
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_wheel_holds_the_package_and_its_data_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        found = {name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name}
    data = {
        f"assistant/_data/{name}": content
        for folder in DATA_FOLDERS
        for name, content in checkout_files(folder).items()
    }
    for name in DATA_FILES:
        data[f"assistant/_data/{name}"] = (ROOT / name).read_bytes()
    patterns = ("*.py", "py.typed", "*.json", "*.npz", "*.jinja", "*.css", "*.js")
    package = {
        name: content for each in patterns for name, content in checkout_files("assistant", each).items()
    }
    assert found == package | data
    assert "assistant/py.typed" in found
    assert "assistant/_data/corpus/papers.jsonl" in found
    assert "assistant/_data/eval/questions/single.jsonl" in found


def test_wheel_names_its_licence_and_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        text = {
            Path(name).name: archive.read(name).decode() for name in archive.namelist() if "dist-info" in name
        }
    assert "License-Expression: Apache-2.0" in text["METADATA"]
    assert "Apache License" in text["LICENSE"]
    assert "assistant = assistant.terminal.app:main" in text["entry_points.txt"]


def test_installed_wheel_is_not_the_checkout(
    clean_environment: Path, empty_folder: Path, stranger: dict[str, str]
) -> None:
    done = subprocess.run(
        [clean_environment / "bin" / "python", "-c", "import assistant; print(assistant.__file__)"],
        cwd=empty_folder,
        env=stranger,
        check=True,
        capture_output=True,
        text=True,
    )
    assert Path(done.stdout.strip()).is_relative_to(clean_environment)


def test_installed_wheel_answers_from_an_empty_folder(
    clean_environment: Path, empty_folder: Path, stranger: dict[str, str]
) -> None:
    done = subprocess.run(
        [
            clean_environment / "bin" / "assistant",
            "ask",
            "--json",
            "What does WideNet share across its layers?",
        ],
        cwd=empty_folder,
        env=stranger,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert not answer["refused"]
    assert "Go Wider Instead of Deeper" in [citation["title"] for citation in answer["citations"]]
    assert list(empty_folder.iterdir()) == []


def test_installed_wheel_keeps_its_baseline(
    clean_environment: Path, empty_folder: Path, stranger: dict[str, str]
) -> None:
    done = subprocess.run(
        [clean_environment / "bin" / "assistant", "eval", "--update-baseline"],
        cwd=empty_folder,
        env=stranger,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr == (
        "assistant: The shipped baseline is a part of the installation: name a file with --baseline.\n"
    )


# The lock files


def locked(name: str) -> dict[str, list[tuple[Requirement, list[str]]]]:
    """What a lock file pins, with its hashes, by the name of the package."""
    text = "\n".join(
        line for line in (ROOT / name).read_text().splitlines() if not line.strip().startswith("#")
    )
    pins: dict[str, list[tuple[Requirement, list[str]]]] = {}
    for entry in text.replace("\\\n", " ").splitlines():
        specification, *hashes = entry.split("--hash=")
        requirement = Requirement(specification)
        pins.setdefault(canonicalize_name(requirement.name), []).append(
            (requirement, [h.strip() for h in hashes])
        )
    return pins


def declared(*extras: str) -> list[Requirement]:
    """What pyproject.toml asks for, with the given extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [
        *project["dependencies"],
        *(one for extra in extras for one in project["optional-dependencies"][extra]),
    ]
    return [Requirement(one) for one in asked]


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_is_pinned_and_hashed(name: str) -> None:
    for requirement, hashes in (pin for pins in locked(name).values() for pin in pins):
        assert re.fullmatch(r"==[^=*]+", str(requirement.specifier)), requirement
        assert requirement.url is None, requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes), requirement


@pytest.mark.parametrize("name", [*LOCKS, "pyproject.toml"])
def test_no_file_says_where_packages_come_from(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text
    assert not re.search(r"^\s*(-i|-f|--(extra-)?index|--find-links|--trusted-host)\b", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "extras"), [("requirements.txt", ["editable"]), ("requirements-dev.txt", ["editable", "dev"])]
)
def test_lock_holds_what_the_project_asks_for(name: str, extras: list[str]) -> None:
    pins = locked(name)
    for requirement in declared(*extras):
        versions = [
            str(pin.specifier).removeprefix("==") for pin, _ in pins[canonicalize_name(requirement.name)]
        ]
        assert all(requirement.specifier.contains(version) for version in versions), requirement


def test_proxy_lock_holds_what_its_group_asks_for() -> None:
    pins = locked("requirements-litellm.txt")
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    for requirement in map(Requirement, groups["litellm"]):
        ((pin, _),) = pins[requirement.name]
        assert requirement.specifier.contains(str(pin.specifier).removeprefix("==")), requirement


def test_development_lock_agrees_with_the_runtime_lock() -> None:
    runtime, development = locked("requirements.txt"), locked("requirements-dev.txt")
    for name, pins in runtime.items():
        assert [(str(pin), hashes) for pin, hashes in pins] == [
            (str(pin), hashes) for pin, hashes in development[name]
        ]


def test_the_libraries_it_is_built_on_are_named() -> None:
    assert {"llama-index", "chromadb", "openai", "tiktoken"} <= {one.name for one in declared()}


def test_nothing_asks_for_torch() -> None:
    assert not {"torch", "sentence-transformers"} & (locked("requirements-dev.txt").keys())


# make ask


@pytest.fixture
def make_ask(tmp_path: Path) -> list[str]:
    """The command `make ask`, in an environment whose every step is done and whose `assistant` echoes."""
    environment = tmp_path / "environment"
    for step in ("venv", "runtime", "weights", "project"):
        stamp = environment / "stamps" / step
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.touch()
    echo = environment / "bin" / "assistant"
    echo.parent.mkdir()
    echo.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    echo.chmod(0o755)
    return ["make", "--directory", str(ROOT), "--no-print-directory", f"VENV={environment}", "ask"]


@pytest.mark.parametrize(
    "question",
    [
        "What does WideNet share?",
        """both "double" and 'single' quotes""",
        "a price in $HOME, $(HOME), $$ and ${HOME}",
        "$(shell touch made-by-make) $(error stop) `touch made-by-shell`",
        "; touch made-by-shell # | & > made-by-shell",
        "two\nlines \\ and a \\\\ backslash",
        "--help",
        "$(",
        "Größe × 2 – 質問",
    ],
)
@pytest.mark.parametrize("way", ["argument", "variable"])
def test_make_ask_hands_on_the_question_as_it_is(make_ask: list[str], question: str, way: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    if way == "argument":
        make_ask = [*make_ask, f"Q={question}"]
    else:
        environment["Q"] = question
    done = subprocess.run(make_ask, check=False, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == ["ask", "--", question]
    assert not list(ROOT.glob("made-by-*"))


@pytest.mark.parametrize("question", [[], ["Q="], ["Q=  "]])
def test_make_ask_without_a_question_says_how_to_ask(make_ask: list[str], question: list[str]) -> None:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("MAKE") and name != "Q"
    }
    done = subprocess.run(
        [*make_ask, *question], check=False, env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert 'make ask Q="your question"' in done.stderr
