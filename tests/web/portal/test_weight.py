"""Pages stay small and ask the register little: of a company with five stores, not of a toy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from werkzeug import Response

from rights.domain.kinds import Kind
from rights.domain.parameters import offered
from tests.web.house import ALICE, House
from tests.web.portal.reader import Reader, loaded
from tests.web.portal.test_acting import RELATIVE, ask, only, prove
from tests.web.portal.test_following import close

MAP = Path(__file__).parents[3] / "workflows" / "demo" / "company" / "datamap.yaml"
MOST_BYTES = 60_000


@pytest.fixture
def company(furnished: Callable[..., House]) -> House:
    return furnished(datamap=MAP)


def _weight(reader: Reader, path: str) -> int:
    """Return the bytes of a page and of all it loads, headers included."""
    page = reader.get(path)
    assert page.status == 200, path
    sizes = [_size(page.response)]
    for one in loaded(page.html):
        with reader.client.get(one) as answer:
            sizes.append(_size(answer))
    assert len(sizes) >= 4, path
    return sum(sizes)


def _size(answer: Response) -> int:
    return len(answer.get_data()) + len(str(answer.headers))


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_no_page_is_heavier_than_60_kb_with_all_it_loads(company: House, language: str) -> None:
    reader = Reader(company, language)
    weights = {"landing": _weight(reader, "/portal/")}
    reader.enter(ALICE, "mfa", origin="")
    answered, lacking = company.asserted("access")["id"], company.asserted("correction")["id"]
    close(company, answered)
    company.package(answered, b"x")
    paths = [
        "/portal/",
        *(f"/portal/ask/{kind}" for kind in Kind if offered(kind)),
        *(f"/portal/requests/{one}" for one in (answered, lacking)),
        *("/portal/consents", "/portal/held", "/portal/find"),
    ]
    weights |= {path: _weight(reader, path) for path in paths}

    weights["documents"] = _of_a_representative(company, language)

    assert {path: size for path, size in weights.items() if size > MOST_BYTES} == {}


def _of_a_representative(company: House, language: str) -> int:
    """Return what the page weighs on which documents are covered and sent."""
    reader = Reader(company, language)
    reader.begin()
    page = ask(reader, **RELATIVE)
    request_id = only(company).id
    page = prove(reader, page, request_id)
    assert "portal/redact.js" in page.html
    return _weight(reader, f"/portal/requests/{request_id}")


@contextmanager
def _statements(engine: Engine) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_the_first_page_asks_three_things_however_much_there_is(company: House) -> None:
    reader = Reader(company)
    reader.enter(ALICE, "mfa", origin="")
    for kind in ("access", "copy", "restriction"):
        company.asserted(kind)

    with _statements(company.engine) as seen:
        page = reader.get("/portal/")

    assert page.html.count("/portal/switches/") == 4
    assert page.html.count("/portal/requests/") == 3
    tables = [re.findall(r"FROM (\w+)", one) for one in seen if not one.startswith("BEGIN")]
    assert tables == [["portal_session"], ["request"], ["preference"]]
