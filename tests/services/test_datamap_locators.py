"""What a data map may not let a locator reach: anything that is not public."""

from __future__ import annotations

import pytest

from rights.services.datamap import parse
from tests.services.test_datamap_mistakes import the_problem
from tests.web.test_locators import MAP

_GIVEN = "    links: [{columns: [author], to: shop.users, role: owns, to_columns: [id]}]\n"


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (
            "text, category: content, disclose: true",
            "text, category: content, disclose: true, source: collected",
            "corpus.pages.text, which is not public",
        ),
        (
            "file, category: content, disclose: true",
            "file, category: content, disclose: true, source: derived",
            "corpus.pictures.file, which is not public",
        ),
        ("{page: url}", "{page: url, email: mail}", "and so to email"),
        ("{columns: [page_id], to: pages", "{columns: [page_id], identifier: page", "is a locator"),
        (
            "    identifies: {page: url}\n",
            f"    identifies: {{page: url}}\n{_GIVEN}",
            "gives other rows away",
        ),
        (
            "    links: [{columns: [page_id], to: pages, role: owner}]\n",
            _GIVEN.replace("[{", "[{columns: [page_id], to: pages, role: owner}, {", 1),
            "corpus.pictures, which gives other rows away",
        ),
    ],
)
def test_what_it_would_reach_is_named_with_what_to_do(old: str, new: str, what: str) -> None:
    assert old in MAP

    found = the_problem(MAP.replace(old, new))

    assert what in found
    assert "→" in found


def test_public_rows_may_be_found_by_where_they_stand() -> None:
    assert parse(MAP).identifiers["page"].kind == "locator"
