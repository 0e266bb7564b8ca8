"""What is no document, and who may show none: nothing of it is kept."""

from __future__ import annotations

import pytest

from rights.services import evidence
from tests.web.house import ALICE, House
from tests.web.portal.reader import Page, Reader
from tests.web.portal.test_acting import AGENT, RELATIVE, ask, attach, objects, only, prove
from tests.web.verifying import PDF


def _reached(shop: House, reader: Reader) -> tuple[Page, str]:
    reader.begin()
    page = ask(reader, **RELATIVE)
    made = only(shop)
    return prove(reader, page, made.id), made.id


@pytest.mark.parametrize(
    ("content", "name", "told"),
    [
        (b"<script>alert(1)</script>", "passport.pdf", "This is no PDF, PNG or JPEG"),
        (b"<svg onload='alert(1)'/>", "face.svg", "This is no PDF, PNG or JPEG"),
        (b"", "empty.pdf", "This is no PDF, PNG or JPEG"),
        (PDF + b"0" * evidence.MOST_BYTES, "huge.pdf", "A document is larger than 5 MB"),
    ],
)
def test_what_is_no_document_is_told_and_leaves_nothing(
    shop: House, reader: Reader, content: bytes, name: str, told: str
) -> None:
    page, _ = _reached(shop, reader)

    page = attach(reader, page, (content, name))

    assert (page.status, told in page.text) == (422, True)
    assert objects(shop) == []


def test_no_file_and_too_many_files_are_told(shop: House, reader: Reader) -> None:
    page, _ = _reached(shop, reader)

    assert "Please choose a document." in attach(reader, page, (b"", "")).text
    page = attach(reader, page, *[(PDF, f"{n}.pdf") for n in range(6)])

    assert "There are enough documents." in page.text
    assert len(objects(shop)) == 5


def test_a_form_of_another_page_uploads_nothing(shop: House, reader: Reader) -> None:
    page, request_id = _reached(shop, reader)

    forged = attach(reader, page, (PDF, "a.pdf"), key="0" * 64)

    assert forged.status == 403
    assert objects(shop) == []
    stranger = Reader(shop)
    stranger.begin()
    key = stranger.get("/portal/find").form("/find").holding()["key"]
    for somebody, status in ((stranger, 404), (Reader(shop), 401)):
        path = f"/portal/requests/{request_id}/evidence"
        assert somebody.attach(path, {"key": key}, [(PDF, "a.pdf")]).status == status
    assert objects(shop) == []


def test_the_principal_uploads_nothing_for_the_agent(shop: House, reader: Reader) -> None:
    reader.begin()
    prove(reader, ask(reader, **AGENT), only(shop).id)
    principal = Reader(shop)
    principal.enter(ALICE)
    page = principal.get(f"/portal/requests/{only(shop).id}")

    assert not any(form.action.endswith("/evidence") for form in page.forms)
    key = page.forms[0].holding()["key"]
    path = f"/portal/requests/{only(shop).id}/evidence"
    assert principal.attach(path, {"key": key}, [(PDF, "a.pdf")]).status == 404
