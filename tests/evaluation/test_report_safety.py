"""The page of a report: nothing from outside, hostile text stays text, and everybody can read it."""

import hashlib
import re
from base64 import b64encode
from pathlib import Path

import pytest
from markup import Node, question


def test_hostile_text_stays_text(hostile: Node) -> None:
    assert len(list(hostile.all("script"))) == 1
    assert len(list(hostile.all("style"))) == 1
    assert not list(hostile.all("img"))
    item = question(hostile, "s001")
    assert "<script>alert(1)</script><img src=x onerror=alert(2)>" in item.one("h3").text
    assert "{{ 7 * 7 }}" in item.one("h3").text
    assert item.words.count("<script>alert(1)</script>") > 6
    whole = Path(hostile.attributes["folder"], "report.html").read_text(encoding="utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe]", whole)


def test_page_has_nothing_from_outside_and_runs_no_other_script(report: Node, hostile: Node) -> None:
    for root in (report, hostile):
        for node in root.all():
            for name, value in node.attributes.items():
                assert not name.startswith("on")
                assert name not in {
                    "style",
                    "src",
                    "srcset",
                    "action",
                    "formaction",
                    "data",
                    "poster",
                    "xlink:href",
                }
                assert name != "href" or value.startswith("#")
        (policy,) = root.all("meta", http_equiv="Content-Security-Policy")
        script, style = root.one("script"), root.one("style")
        assert policy.attributes["content"] == (
            f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
            "base-uri 'none'; form-action 'none'"
        )
        assert "url(" not in style.text
        assert "@import" not in style.text


def _digest(node: Node) -> str:
    return "sha256-" + b64encode(hashlib.sha256(node.text.encode()).digest()).decode()


def test_page_is_accessible(report: Node) -> None:
    assert report.one("html").attributes["lang"] == "en"
    assert len(list(report.all("h1"))) == 1
    names = {node.attributes["id"] for node in report.all() if "id" in node.attributes}
    for node in report.all():
        reference = node.attributes.get("aria-labelledby") or node.attributes.get("href", "")[1:]
        assert not reference or "=" in reference or reference in names
        if node.tag in {"select", "button"} or node.attributes.get("type") == "search":
            label = node.words or next(label.words for label in report.all("label") if node in label.children)
            assert label
    for cell in report.all("th"):
        assert cell.attributes["scope"] in {"col", "row"}


@pytest.mark.parametrize("scheme", [0, 1])
def test_text_stands_out_from_what_is_behind_it(report: Node, scheme: int) -> None:
    colours = [
        dict(re.findall(r"--([\w-]+): (#\w+)", block))
        for block in re.findall(r":root \{(.*?)\}", report.one("style").text, re.DOTALL)
    ][scheme]
    pairs = [
        (text, behind)
        for text in ("ink", "quiet", "accent", "good", "bad", "warn")
        for behind in ("page", "card", "soft")
    ]
    pairs += [
        ("good", "good-soft"),
        ("bad", "bad-soft"),
        ("warn", "warn-soft"),
        ("ink", "fact"),
        ("ink", "bad-soft"),
    ]
    for text, behind in pairs:
        first, second = sorted((_luminance(colours[text]), _luminance(colours[behind])), reverse=True)
        assert (first + 0.05) / (second + 0.05) >= 4.5, (text, behind)


def _luminance(colour: str) -> float:
    """By WCAG 2.2, relative luminance."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
