"""What a run has to meet, as `eval/gate.toml` says it."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assistant.errors import InputError
from assistant.evaluation.run import ALL
from assistant.resources import resource


@dataclass(frozen=True, slots=True)
class Gated:
    """A measure that a run is compared by with its baseline."""

    measure: str
    loss: float
    """The smallest loss worth stopping for."""
    suite: str = ALL


@dataclass(frozen=True, slots=True)
class Gate:
    """What a run has to meet."""

    gated: tuple[Gated, ...]
    floors: Mapping[tuple[str, str], float] = field(default_factory=dict)
    """By suite and measure: the lowest mean over the whole suite."""

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures that runs are compared by."""
        return tuple(dict.fromkeys(gated.measure for gated in self.gated))

    @classmethod
    def read(cls, path: Path | str | None = None) -> "Gate":
        """Read a gate's settings; by default the shipped ones.

        Raises:
            InputError: they cannot be used; says why.
        """
        path = Path(path) if path is not None else resource("eval/gate.toml")
        try:
            found = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except ValidationError as error:
            flaw = error.errors()[0]
            place = " ".join(str(part) for part in flaw["loc"])
            raise InputError(f"{path}: {place}: {flaw['msg'][:1].lower()}{flaw['msg'][1:]}.") from None
        except OSError as error:
            raise InputError(
                f"{path} cannot be read ({error.strerror}): name a file like eval/gate.toml."
            ) from None
        except ValueError as error:
            raise InputError(f"{path} is no TOML ({error}): write it like eval/gate.toml.") from None
        return cls(
            tuple(Gated(gated.measure, gated.loss, gated.suite) for gated in found.gated),
            {
                (suite, measure): floor
                for suite, floors in found.floors.items()
                for measure, floor in floors.items()
            },
        )

    def without_floors(self) -> "Gate":
        """Give the same gate for other questions, for which its floors mean nothing."""
        return Gate(self.gated)


class _GatedLine(BaseModel):
    model_config = ConfigDict(extra="forbid")

    measure: str
    suite: str = ALL
    loss: Annotated[float, Field(ge=0)]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    gated: list[_GatedLine]
    floors: dict[str, dict[str, float]] = {}
