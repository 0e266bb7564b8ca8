"""
Whether ``docs/reference/requirements.md`` is what the table of requirements makes it.

The table is ``workflows/requirements.yaml``; the page is never written by hand. With ``--write``
it is made anew.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from workflows.requirements import table

PAGE: Final = Path(__file__).parents[1] / "docs" / "reference" / "requirements.md"
_HEAD: Final = """\
# Requirements

What this service is measured by: one line for each requirement, in our words. The ids follow the
articles they come from: `R-24-3` is Article 24 of the Network Data Security Management Regulation,
`R-P46-1` Article 46 of the Personal Information Protection Law, `R-C23-1` Article 23 of the
Cybersecurity Law, `R-EU…`, `R-UK…`, `R-US…`, `R-BR…` other regimes; `R-NEG` are things that must
never happen. This is engineering material, not legal advice.

A test that shows what a requirement asks for carries `@pytest.mark.requirement("R-24-3")`, a test
that feeds it bad input carries `"R-24-3:bad"`. A requirement is *proved* when tests of both kinds
passed in the last full run and *half* proved with one of them. `rights requirements` lists the
proved, the half proved and the open ones; being listed here says nothing about that.

This page is made from `workflows/requirements.yaml` by
`python -m checks.requirements_page --write`.
"""
_SCOPES: Final = {
    "core": "this service must do it",
    "support": "this service must give the data or the hook for it",
    "org": "the company's own duty",
}

Row = dict[str, str]


def page(rows: Sequence[Row]) -> str:
    """Return the page for *rows*."""
    return "\n".join((_HEAD, *_scopes(rows), *_groups(rows)))


def _scopes(rows: Sequence[Row]) -> Iterator[str]:
    counts = Counter(row["scope"] for row in rows)
    yield "| scope | meaning | requirements |\n|---|---|---|"
    for scope, meaning in _SCOPES.items():
        yield f"| {scope} | {meaning} | {counts[scope]} |"


def _groups(rows: Sequence[Row]) -> Iterator[str]:
    for title, group in groupby(rows, key=lambda row: row["group"]):
        yield f"\n## {title}\n\n| id | scope | |\n|---|---|---|"
        for row in group:
            yield f"| {row['id']} | {row['scope']} | {row['statement']} |"
    yield ""


def main() -> int:
    """Write the page, or say that it is not what it should be."""
    wanted = page(table())
    if "--write" in sys.argv[1:]:
        PAGE.write_text(wanted, encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == wanted:
        return 0
    print("docs/reference/requirements.md is not what workflows/requirements.yaml says")
    print("Make it anew with: python -m checks.requirements_page --write")
    return 1


if __name__ == "__main__":
    sys.exit(main())
