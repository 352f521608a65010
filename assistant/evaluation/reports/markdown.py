"""A run as Markdown for a pull request: the verdict, the scores beside the baseline, what flipped.

Text of questions, papers and models stands in fenced blocks alone, in which GitHub makes no links, images
or mentions of it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from assistant.evaluation.gate import Comparison, GateReport
from assistant.evaluation.reports.outcomes import Outcome, State, flipped, outcomes, verdict
from assistant.evaluation.reports.text import legible
from assistant.evaluation.reports.wording import HEADLINES, change, figure, ordered
from assistant.evaluation.run import ALL, Run, Total

COMMENT = 65_536
"""Characters that a comment on GitHub may have."""
SUMMARY = 1024 * 1024
"""Bytes that the summary of a step may have."""
ANSWER = 1_500
"""Characters of an answer that are shown."""
JOINER = "\u2060"
"""Is not seen, and keeps GitHub from taking what it stands in for a name, a number or a link."""
ROOM = 300
"""Characters kept for saying what was left out, and for closing what is open."""

_MARKUP = re.compile(r"([\\`*_\[\]<>|~&])")
_LINKED = re.compile(r"(?<!\w)[@#](?=\w)|:(?=//)|\bwww(?=\.)", re.IGNORECASE)


def markdown(run: Run, gate: GateReport | None, *, limit: int = COMMENT) -> str:
    """Write a run for a pull request; flips that would make it too long are counted instead."""
    found = outcomes(run, gate)
    text = "\n".join([*_head(run, gate, found), *_table(run, gate), ""])
    for title, chosen in (
        ("got worse", [outcome for outcome in found if outcome.worse]),
        ("got better", [outcome for outcome in found if outcome.state is State.BETTER]),
        ("ended in an error", [outcome for outcome in found if outcome.state is State.ERROR]),
    ):
        if chosen:
            text += _folded(f"{_questions(len(chosen))} {title}", chosen, limit - len(text))
    return text[:limit]


def append_step_summary(text: str, environ: Mapping[str, str]) -> bool:
    """Add a text to the summary of a step of GitHub Actions, where there is one and it has room.

    Args:
        text: in Markdown.
        environ: the variables of the process: GITHUB_STEP_SUMMARY names the file.

    Returns:
        Whether it was added.
    """
    named = environ.get("GITHUB_STEP_SUMMARY")
    if not named:
        return False
    path = Path(named)
    written = f"{text}\n".encode()
    if (path.stat().st_size if path.exists() else 0) + len(written) > SUMMARY:
        return False
    with path.open("ab") as file:
        file.write(written)
    return True


def _plain(text: str) -> str:
    r"""Take the meaning of markup, mentions and links from a text that stands in a line.

    >>> _plain("a|b *c* @someone hit@1") == "a\\|b \\*c\\* @\u2060someone hit@1"
    True
    """
    unlinked = _LINKED.sub(lambda match: f"{match.group()}{JOINER}", " ".join(legible(text).split()))
    return _MARKUP.sub(r"\\\1", unlinked)


def _questions(count: int) -> str:
    return "1 question" if count == 1 else f"{count} questions"


def _head(run: Run, gate: GateReport | None, found: Sequence[Outcome]) -> list[str]:
    sign = "⚪" if gate is None else "✅" if gate.passed else "❌"
    reader = run.settings.get("reader") or ""
    with_reader = f" with the reader {_plain(str(reader))}" if reader else ""
    errors = sum(bool(outcome.errors) for outcome in found)
    lines = [
        f"## {sign} Evaluation",
        "",
        verdict(gate),
        "",
        f"{_questions(len(found))}{with_reader}; {errors} with errors, which are in no average.",
        "",
    ]
    if gate is not None:
        lines += [f"- {_plain(compared.reason)}" for compared in gate.comparisons if compared.failed]
        lines += [f"- {_plain(note)}" for note in gate.notes]
        lines += [""]
    return lines


def _table(run: Run, gate: GateReport | None) -> list[str]:
    """Lay out what the gate compares, or the headline measures where it compares nothing."""
    totals = run.totals()
    lines = [
        "| suite | measure | now | 95 % interval | baseline | change | |",
        "|---|---|---:|---|---:|---:|---|",
    ]
    for suite, measure, compared in _rows(run, gate):
        total = totals.get(suite, {}).get(measure)
        lines.append(_row(suite, measure, total, compared))
    return [*lines, ""]


def _rows(run: Run, gate: GateReport | None) -> Iterable[tuple[str, str, Comparison | None]]:
    if gate is not None and gate.comparisons:
        for found in sorted(gate.comparisons, key=lambda found: not found.failed):
            yield found.suite, found.measure, found
        return
    for suite in (ALL, *run.suites):
        for measure in ordered(run.measures):
            if measure in HEADLINES:
                yield suite, measure, None


def _row(suite: str, measure: str, total: Total | None, compared: Comparison | None) -> str:
    now = compared.now if compared else total.mean if total else None
    interval = "–"
    if total is not None and total.low is not None:
        interval = f"{figure(total.low, measure)} to {figure(total.high, measure)}"
    cells = [
        _plain(suite),
        _plain(measure),
        figure(now, measure),
        interval,
        figure(compared.before if compared else None, measure),
        change(compared.difference if compared else None, measure),
        ("❌ failed" if compared.failed else "✅") if compared else "",
    ]
    return f"| {' | '.join(cells)} |"


def _folded(title: str, chosen: Sequence[Outcome], room: int) -> str:
    """Fold questions away under a title, as many as there is room for."""
    text = f"<details>\n<summary>{title}</summary>\n\n"
    end = "\n</details>\n\n"
    if len(text) + len(end) + ROOM > room:
        return ""
    for place, outcome in enumerate(chosen):
        entry = _entry(outcome)
        if len(text) + len(entry) + len(end) + ROOM > room:
            text += f"… and {_questions(len(chosen) - place)} more: see the report.\n"
            break
        text += entry
    return text + end


def _entry(outcome: Outcome) -> str:
    told = "; ".join(_plain(part) for part in (*map(flipped, outcome.flips), *outcome.errors))
    question = outcome.result.question
    lines = [f"**{_plain(outcome.name)}** ({_plain(question.suite)}): {told}", ""]
    lines += _fenced("text", legible(question.question))
    if outcome.before is not None:
        both = f"{_prefixed('- ', _cut(outcome.before))}\n{_prefixed('+ ', _cut(outcome.text))}"
        lines += _fenced("diff", both)
    return "\n".join([*lines, ""])


def _cut(answer: str) -> str:
    text = legible(answer)
    return text if len(text) <= ANSWER else f"{text[:ANSWER]} …"


def _prefixed(prefix: str, text: str) -> str:
    return "\n".join(f"{prefix}{line}" for line in text.split("\n"))


def _fenced(language: str, text: str) -> list[str]:
    """Fence a block off with more backticks than it has in a row."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{language}", text, fence, ""]
