"""Every page of the console has its picture in the documentation, and every picture its page."""

from __future__ import annotations

from pathlib import Path

import pytest

from rights.domain import staff
from tests.browser.console import pictured
from tests.browser.console.pictured import FILES, LANGUAGES, PAGE, PICTURES
from tests.web.console.clerk import clerk
from tests.web.house import House

_TABLE = "PICTURES of tests/browser/console/pictured.py"
_SHOTS = "RIGHTS_SHOTS=FOLDER ./run test tests/browser/console makes it"
_NAMES = [name for names in PICTURES.values() for name in names]


def test_every_page_that_an_address_opens_has_a_picture_and_no_line_is_of_a_page_that_is_gone() -> (
    None
):
    known = {str(one.endpoint) for one in pictured.console().url_map.iter_rules()}

    without = sorted(pictured.readable() - {*PICTURES})
    gone = sorted({*PICTURES, *FILES} - known)

    assert without == [], f"no picture: add it to {_TABLE}, whose head says the rest"
    assert gone == [], f"there is no such page: take it out of {_TABLE}"


def test_every_picture_is_kept_in_both_languages_and_none_is_of_nothing() -> None:
    kept = pictured.kept()

    missing = [name for name in _NAMES if kept.get(name, set()) != {*LANGUAGES}]
    strange = sorted({*kept} - {*_NAMES})

    assert missing == [], f"not in {pictured.FOLDER.name} in each language: {_SHOTS}"
    assert strange == [], f"whose picture it is is not said: add it to {_TABLE}, or remove it"
    assert len(_NAMES) == len({*_NAMES}), "a picture shows one page"


def test_the_page_about_the_console_shows_every_picture_once() -> None:
    rows = PAGE.read_text(encoding="utf-8").partition("## How it looks")[2]
    files = sorted(one.name for one in pictured.FOLDER.iterdir())

    assert [name for name in files if rows.count(f'src="console/{name}"') != 1] == []


def test_every_picture_is_made_by_a_test() -> None:
    folder = Path(pictured.__file__).parent
    told = "".join(one.read_text(encoding="utf-8") for one in sorted(folder.glob("test_*.py")))

    stale = [name for name in _NAMES if not any(f'"{one}"' in told for one in _said(name))]

    assert stale == [], "no test of tests/browser/console looks at it"


def _said(name: str) -> list[str]:
    """Return what a test may call a picture: many are made in a row, by a name of their kind."""
    stem = name.removesuffix("-unfolded")
    kinds = ("request-", "report-", "opened-")
    return [name, stem, *(stem.removeprefix(kind) for kind in kinds if stem.startswith(kind))]


@pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
def test_what_needs_no_picture_is_no_page(house: House) -> None:
    kim = clerk(house, "kim", *staff.ROLES)

    for path, sort in FILES.values():
        answer = kim.get(path).response
        assert answer.mimetype == sort, path


def test_a_picture_of_another_page_is_refused() -> None:
    pictured.check("store", "http://127.0.0.1:1/console/stores/shop?q=x")
    pictured.check("a-name-of-no-documentation", "http://127.0.0.1:1/console/stores")

    with pytest.raises(AssertionError, match=r"store is a picture of console-stores\.store"):
        pictured.check("store", "http://127.0.0.1:1/console/stores")
