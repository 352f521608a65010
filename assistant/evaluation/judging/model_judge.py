"""A model as judge: it takes the answer apart into claims, then gives each claim a verdict.

Each sentence is judged by the papers that it cites and by no others, which the model reads whole: sentences
that cite the same papers go into one call. The verdicts are the model's. What it gives as evidence is looked
for in the papers, and marked where it is not there: models shorten and respell what they quote, and a judge
is measured by its verdicts, so the mark says where a person should look, and overrules nothing.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import partial

from assistant.answering.budget import unfenced
from assistant.answering.model import ChatModel
from assistant.answering.plain import ControlFilter
from assistant.answering.prompts import Message, Name, Prompts
from assistant.evaluation.judging.judge import Claim, Judgement, Source, Statement, Verdict
from assistant.evaluation.judging.structured import Claims, Verdicts, ask_for
from assistant.secrets import redacted

NOTHING_CITED = "The sentence cites nothing."
NOT_WORD_FOR_WORD = "[not in the papers word for word] "
"""Begins evidence that the papers do not hold."""
NO_EVIDENCE = "[no evidence given]"
"""Stands for evidence that a verdict needs and the model left out."""

# What could be taken for a fence beside that of papers.
_FENCE = re.compile(r"<(?=\s*+/?\s*+(?:sentence|claim)\b)", re.IGNORECASE)
_LEFT_OUT = re.compile(r"\[?(?:\.{3}|…)\]?")
_WORD = re.compile(r"\w+")


class ModelJudge:
    """Judges by a model. Safe to use from threads where the model is."""

    def __init__(self, model: ChatModel, prompts: Prompts) -> None:
        """Have a model judge.

        Args:
            model: who judges.
            prompts: what it is told.
        """
        self.name = f"model:{model.name}"
        self._model = model
        self._prompts = prompts

    def judge(self, question: str, statements: Sequence[Statement]) -> list[Judgement]:
        """Judge each statement by its own sources; one without sources is not found, and no model asked.

        Raises:
            JudgeError: the model gives no reply, or twice none that can be used.
            RecordingError: a reply is not recorded, while replaying.
        """
        cited = [number for number, statement in enumerate(statements) if statement.sources]
        claims: list[list[str]] = [[statement.text] for statement in statements]
        for number, found in zip(cited, self._claims(question, [statements[n] for n in cited]), strict=True):
            claims[number] = found
        judged: list[list[Claim]] = [[] for _ in statements]
        for sources in dict.fromkeys(statement.sources for statement in statements):
            owners = [
                (number, text)
                for number, statement in enumerate(statements)
                if statement.sources == sources
                for text in claims[number]
            ]
            verdicts = self._verdicts(question, [text for _, text in owners], sources)
            for (number, _), claim in zip(owners, verdicts, strict=True):
                judged[number].append(claim)
        return [Judgement(tuple(each)) for each in judged]

    def close(self) -> None:
        """Let go of connections."""
        self._model.close()

    def _claims(self, question: str, statements: Sequence[Statement]) -> list[list[str]]:
        """Take statements apart; one that the model finds no claim in is its own, so that all is judged."""
        if not statements:
            return []
        values = {
            "question": _safe(question),
            "sentences": _fenced("sentence", [statement.text for statement in statements]),
        }
        found = ask_for(Claims, self._model, partial(self._prompt, "claims", values), len(statements))
        claims: list[list[str]] = [[] for _ in statements]
        for claim in found.claims:
            claims[claim.sentence - 1].append(self._shown(claim.text))
        return [each or [statement.text] for each, statement in zip(claims, statements, strict=True)]

    def _verdicts(self, question: str, claims: Sequence[str], sources: Sequence[Source]) -> list[Claim]:
        if not sources:
            return [Claim(text, Verdict.NOT_FOUND, 0.0, NOTHING_CITED) for text in claims]
        values = {
            "question": _safe(question),
            "papers": _fenced("paper", [f"Title: {_line(each.title)}\n{each.text}" for each in sources]),
            "claims": _fenced("claim", claims),
        }
        found = ask_for(Verdicts, self._model, partial(self._prompt, "verdict", values), len(claims))
        return [
            Claim(
                text,
                each.verdict,
                1.0 if each.verdict is Verdict.SUPPORTED else 0.0,
                _marked(self._shown(each.evidence), each.verdict, sources),
            )
            for text, each in zip(claims, found.in_order(), strict=True)
        ]

    def _prompt(self, name: Name, values: dict[str, str], again: str) -> list[Message]:
        return self._prompts.render(name, {**values, "again": again})

    def _shown(self, text: str) -> str:
        """Make what the model wrote fit to be shown in a report."""
        return redacted(_line(ControlFilter().feed(text)), self._model.secrets)


def _fenced(tag: str, texts: Sequence[str]) -> str:
    blocks = [
        f'<{tag} number="{number}">\n{_safe(text)}\n</{tag}>' for number, text in enumerate(texts, start=1)
    ]
    return "\n\n".join(blocks)


def _safe(text: str) -> str:
    """Make a text from outside unable to end its fence."""
    return _FENCE.sub("(", unfenced(text))


def _line(text: str) -> str:
    return " ".join(text.split())


def _marked(evidence: str, verdict: Verdict, sources: Sequence[Source]) -> str:
    if not evidence:
        return "" if verdict is Verdict.NOT_FOUND else NO_EVIDENCE
    return evidence if occurs(evidence, sources) else NOT_WORD_FOR_WORD + evidence


def occurs(evidence: str, sources: Sequence[Source]) -> bool:
    """Tell whether a paper holds these words in this order, with whatever stands between what is left out.

    >>> occurs("it boils … and whistles", [Source("Tea", "It boils at 96 °C, stops, and whistles.")])
    True
    """
    parts = list(filter(str.strip, map(_words, _LEFT_OUT.split(evidence))))
    texts = [_words(f"{source.title} {source.text}") for source in sources]
    return bool(parts) and any(all(part in text for part in parts) for text in texts)


def _words(text: str) -> str:
    """Give the words of a text alone, in one case and with a space around each."""
    plain = unicodedata.normalize("NFKC", ControlFilter().feed(text)).casefold()
    return f" {' '.join(_WORD.findall(plain))} "
