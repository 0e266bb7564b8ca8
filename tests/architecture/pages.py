"""The pages of the documentation, as tests read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from tests.architecture.tree import ROOT, files

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`]*`")


def pages() -> list[Path]:
    """Return every Markdown file of the project."""
    return [path for path in files() if path.suffix == ".md"]


def page(name: str) -> str:
    """Return a page of ``docs/reference``."""
    return (ROOT / "docs" / "reference" / f"{name}.md").read_text(encoding="utf-8")


def prose(text: str) -> str:
    """Return a page without its code blocks."""
    return _FENCE.sub("", text)


def blocks(text: str, language: str) -> list[str]:
    """Return the code blocks of one language."""
    return [body for name, body in _FENCE.findall(text) if name == language]


def links(path: Path) -> Iterator[tuple[Path, str]]:
    """Yield file and anchor of every link of a page that stays in the project."""
    text = _CODE.sub("", prose(path.read_text(encoding="utf-8")))
    for target in _LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = unquote(target).partition("#")
        yield ((path.parent / file).resolve() if file else path), anchor


def anchors(path: Path) -> set[str]:
    """Return what can stand after ``#`` for a page."""
    titles = re.findall(r"^#+ (.+)$", prose(path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def section(text: str, title: str) -> str:
    """Return what stands under a heading of the second level; empty when there is none."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""
