"""What staff do by hand: what the page of a request says of it, and documents that show it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable

import pytest
from sqlmodel import select

from rights.domain.lifecycle import Event
from rights.domain.representation import AgeBand
from rights.services import audit, checkpoints, evidence, purge, requests, task_documents
from rights.services.signing import Signer
from rights.store.models import Request, StepRow, StepState, TaskDocument
from tests.servers.s3 import Bucket
from tests.web.console.clerk import Clerk, clerk, events, id_of, planned, refusals, told
from tests.web.house import SEED, House
from tests.web.portal.reader import Page
from tests.web.verifying import PDF, PNG


@pytest.mark.parametrize(
    ("language", "how", "unsaid"),
    [
        ("en", "Close them on the page of members", "data map does not say how this is done"),
        ("zh-CN", "在后台的“会员”页注销", "数据地图没有写明如何人工办理"),
    ],
)
def test_what_is_done_by_hand_is_said_in_the_language_of_who_does_it(
    house: House, language: str, how: str, unsaid: str
) -> None:
    rui = clerk(house, "rui", "reviewer")
    rui.reader.language = language
    known = rui.get(f"/requests/{planned(house, state=StepState.MANUAL)}?lang={language}")
    bare = planned(house, "restriction", action="restrict", state=StepState.MANUAL)
    unknown = rui.get(f"/requests/{bare}?lang={language}")

    assert how in known.text
    assert "shop team" in known.text
    assert "/console/stores/shop" in known.links
    assert unsaid not in known.text
    assert unsaid in unknown.text
    assert "rows 3" in known.text


# -- documents that show it ----------------------------------------------------------------------


@pytest.fixture
def bucket(s3: Bucket) -> dict[str, str]:
    """Settings under which documents lie in a bucket of a real server."""
    return {
        "evidence_url": f"s3://{s3.bucket}/documents?endpoint={s3.endpoint}",
        "evidence_access_key": s3.access_key,
        "evidence_secret_key": s3.secret_key,
        "blobs_region": s3.region,
    }


_SENT = (("application/pdf", PDF, "attachment"), ("image/png", PNG, "inline"))


def _objects(s3: Bucket) -> dict[str, bytes]:
    client = s3.client()
    found = client.list_objects_v2(Bucket=s3.bucket).get("Contents", [])
    return {
        one["Key"]: client.get_object(Bucket=s3.bucket, Key=one["Key"])["Body"].read()
        for one in found
    }


def _attach(who: Clerk, made: str, *files: tuple[bytes, str], **said: str) -> Page:
    form = who.get(f"/requests/{made}").form(f"/{made}/complete")
    return who.reader.attach(form.action, {**form.holding(), **said}, list(files))


def _rows(house: House) -> list[TaskDocument]:
    with house.reading() as session:
        return list(session.exec(select(TaskDocument)).all())


def _sweep(house: House) -> int:
    now, place = house.clock.now(), house.parts.evidence
    return task_documents.destroy(house.engine, house.context, place, now=now)


def test_a_document_shows_what_was_done_and_is_opened_by_few(
    furnished: Callable[..., House], s3: Bucket, bucket: dict[str, str]
) -> None:
    house = furnished(**bucket)
    rui, otto = clerk(house, "rui", "reviewer"), clerk(house, "otto", "auditor")
    made = planned(house, state=StepState.MANUAL)

    done = _attach(rui, made, (PDF, "form.pdf"), (PNG, "shredder.png"), proof="T-1")

    assert "done=complete" in done.response.request.url, done.text
    with house.reading() as session:
        step = session.get_one(StepRow, f"{made}-01-erase-shop")
        told_of = [e.data for e in audit.entries(session, made) if "sha256" in e.data]
    assert (step.state, step.result["proof"]) == (StepState.DONE, "T-1")
    sums = {one["document"]: one["sha256"] for one in told_of}
    lying = {key.rpartition("/")[2]: whole for key, whole in _objects(s3).items()}
    assert {one: hashlib.sha256(whole).hexdigest() for one, whole in lying.items()} == sums
    assert not any(b"%PDF" in whole or b"PNG" in whole for whole in lying.values())
    assert "shredder" not in str([row.model_dump() for row in _rows(house)])
    kinds = {row.media_type: row.id for row in _rows(house)}
    for kind, content, how in _SENT:
        page = otto.reader.send(otto.get(f"/requests/{made}"), f"/task-documents/{kinds[kind]}")
        headers = page.response.headers
        assert page.response.data == content
        assert headers["Content-Disposition"].startswith(how)
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in headers["Content-Security-Policy"]
    assert told(house, made).count("task_document_opened") == len(_SENT)


def test_a_place_that_takes_nothing_from_here_is_said_and_nothing_is_kept(
    furnished: Callable[..., House], s3: Bucket, bucket: dict[str, str]
) -> None:
    house = furnished(**{**bucket, "evidence_secret_key": "of-nobody-who-may-write"})
    rui = clerk(house, "rui", "reviewer")
    made = planned(house, state=StepState.MANUAL)

    page = _attach(rui, made, (PDF, "form.pdf"), proof="T-1")

    assert page.status == 409, page.text
    assert "The place of documents takes none from here." in page.text
    assert _objects(s3) == {}
    assert [(row.wrapped_key, row.kept_at) for row in _rows(house)] == [(b"", None)]
    assert [one["code"] for one in refusals(house)] == ["place_only_read"]
    with house.reading() as session:
        assert session.get_one(StepRow, f"{made}-01-erase-shop").state is StepState.MANUAL


def test_a_document_goes_with_the_record_of_its_request(
    furnished: Callable[..., House], s3: Bucket, bucket: dict[str, str]
) -> None:
    house = furnished(**bucket)
    made = planned(house, state=StepState.MANUAL)
    _attach(clerk(house, "rui", "reviewer"), made, (PDF, "form.pdf"))
    with house.writing() as session:
        request, now = requests.locked(session, made), house.clock.now()
        requests.record(session, request, Event.COMPLETED, actor="system", now=now)

    house.clock.forward(days=house.context.settings.record_days - 1)
    assert (_sweep(house), len(_objects(s3))) == (0, 1)
    house.clock.forward(days=2)
    _forget(house)
    assert len(_rows(house)) == 1  # the record waits for what belongs to it
    assert (_sweep(house), _objects(s3)) == (1, {})
    assert "task_document_destroyed" in told(house, made)
    _forget(house)
    assert _rows(house) == []


def _forget(house: House) -> None:
    with house.writing() as session:
        checkpoints.checkpoint(session, Signer(SEED), house.clock.now())
    purge.purge(house.engine, house.context, house.blobs, now=house.clock.now())


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ([(b"<html><script>", "form.pdf")], "PDF, PNG or JPEG"),
        ([(PDF, "form.pdf"), (b"", "empty.png")], "PDF, PNG or JPEG"),
        ([(PDF + b"\0" * evidence.MOST_BYTES, "form.pdf")], "more bytes than are taken"),
        ([(PDF, f"{n}.pdf") for n in range(6)], "more documents than are taken"),
    ],
)
def test_what_is_no_document_is_refused_and_nothing_of_it_is_kept(
    house: House, files: list[tuple[bytes, str]], why: str
) -> None:
    rui = clerk(house, "rui", "reviewer")
    made = planned(house, state=StepState.MANUAL)

    page = _attach(rui, made, *files)

    assert page.status in (409, 422)
    assert why in page.text
    assert all(row.wrapped_key == b"" for row in _rows(house))
    _sweep(house)
    assert house.parts.evidence is not None
    assert list(house.parts.evidence.list()) == []
    with house.reading() as session:
        assert session.get_one(StepRow, f"{made}-01-erase-shop").state is StepState.MANUAL
    assert ("staff_refused", f"staff:{id_of(house, 'rui')}") in events(house)


# Of what ends in the middle the form's reader leaves its file to the collector of garbage.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_upload_that_was_cut_off_and_another_requests_step_change_nothing(house: House) -> None:
    rui = clerk(house, "rui", "reviewer")
    made, other = (planned(house, k, state=StepState.MANUAL) for k in ("deletion", "copy"))
    form = rui.get(f"/requests/{made}").form(f"/{made}/complete")
    key = dict(form.fields)["key"]
    head = f'--x\r\nContent-Disposition: form-data; name="key"\r\n\r\n{key}\r\n'
    cut = f'{head}--x\r\nContent-Disposition: form-data; name="document"; filename="a"\r\n\r\n'

    short = rui.reader.client.post(
        form.action,
        input_stream=io.BytesIO(cut.encode() + PDF),
        content_length=9000,
        content_type="multipart/form-data; boundary=x",
    )
    page = _attach(rui, made, (PDF, "a.pdf"), step=f"{other}-01-erase-shop")

    assert short.status_code == 403  # what is not whole does not say from which page it came
    assert page.status == 422
    assert _rows(house) == []
    with house.reading() as session:
        for one in (made, other):
            assert session.get_one(StepRow, f"{one}-01-erase-shop").state is StepState.MANUAL


def test_who_may_not_neither_attaches_nor_opens(house: House) -> None:
    rui, eve = clerk(house, "rui", "reviewer"), clerk(house, "eve", "verifier")
    made, other = (planned(house, k, state=StepState.MANUAL) for k in ("deletion", "copy"))
    _attach(rui, made, (PDF, "a.pdf"))
    (row,) = _rows(house)
    path = f"task-documents/{row.id}"

    for who in (rui, eve):
        page = who.force(f"/requests/{made}/{path}")
        assert page.status == 403
        assert PDF not in page.response.data
    ana = clerk(house, "ana", "approver")
    assert ana.force(f"/requests/{other}/{path}").status == 404
    with house.writing() as session:
        session.get_one(Request, made).age_band = AgeBand.UNDER_14
    assert ana.force(f"/requests/{made}/{path}").status == 403  # a colleague has to agree first
    key = dict(eve.get("/account").form("/account/password").fields)["key"]
    action = f"/console/requests/{other}/complete"
    said = {"key": key, "step": f"{other}-01-erase-shop"}

    assert eve.reader.attach(action, said, [(PDF, "a.pdf")]).status == 403
    assert eve.reader.attach(action, said, [(PDF + b"\0" * 2**20, "a.pdf")]).status == 413
    assert len(_rows(house)) == 1
    assert "task_document_opened" not in told(house, made)


@pytest.mark.parametrize(
    ("language", "said"), [("en", "You are not signed in"), ("zh-CN", "您尚未登录")]
)
def test_whose_session_is_over_is_told_so_in_their_language_and_it_is_an_entry(
    house: House, language: str, said: str
) -> None:
    rui, made = clerk(house, "rui", "reviewer"), planned(house, state=StepState.MANUAL)
    form = rui.get(f"/requests/{made}").form(f"/{made}/complete")
    house.clock.forward(days=2)
    rui.reader.language = language

    pages = [rui.reader.attach(form.action, form.holding(), files) for files in _UPLOADS]

    for page in pages:
        assert (page.status, said in page.text) == (401, True), page.text
    assert refusals(house) == [{"code": "staff_session_over", "act": "completing.complete"}]
    assert _rows(house) == []


_UPLOADS = ([(PDF, "a.pdf")], [(PDF + b"\0" * 2**20, "a.pdf")])


def test_without_a_place_the_page_says_so_and_takes_a_reference(
    furnished: Callable[..., House],
) -> None:
    house = furnished(evidence_url="")
    rui = clerk(house, "rui", "reviewer")
    made = planned(house, state=StepState.MANUAL)
    page = rui.get(f"/requests/{made}")

    assert "There is no place for documents here" in page.text
    assert "document" not in page.names
    rui.reader.send(page, "/complete", proof="T-1")
    with house.reading() as session:
        step = session.get_one(StepRow, f"{made}-01-erase-shop")
    assert step.result == {"proof": "T-1"}
