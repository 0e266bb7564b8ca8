"""What people and staff wrote is planted everywhere and then looked for in all that is kept."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from redis import Redis
from sqlalchemy import select
from sqlmodel import SQLModel

from rights import logs
from rights.domain import staff
from rights.services.reports.making import zone_of
from rights.store.models import Writing
from tests.web.console import reporting
from tests.web.console.clerk import CITED, Clerk, clerk, id_of
from tests.web.console.paper import ONE, WHO, Paper, left_out
from tests.web.portal.reader import Page
from workflows.notices.send import send_due

pytestmark = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)

CANARY = "kanarienvogel"
PERSONAL = (CANARY, WHO["email"])


@pytest.fixture
def log() -> io.StringIO:
    stream = io.StringIO()
    logs.configure(stream)
    return stream


@pytest.fixture
def three(paper: Paper) -> list[Clerk]:
    everything = (*staff.ROLES, *staff.SCOPES)
    return [clerk(paper.house, name, *everything) for name in ("ana", "bea", "cyd")]


def _opened(who: Clerk, path: str, what: str) -> Page:
    """Open what was planted: that it is there shows that it could have been found."""
    page = who.reader.send(who.get(path), what)
    assert CANARY in page.text, what
    return page


def _in_part(paper: Paper, ana: Clerk, bea: Clerk) -> None:
    """Leave a part out of a request, and write to its person why."""
    made = paper.asked(locale="en")
    left_out(paper, made, ana, bea, **ONE | {"facts": f"{CANARY} is named"})
    bea.act(made, "approve")
    paper.work(made)
    send_due(paper.house.engine, paper.house.context, paper.house.clock.now)
    page = bea.get(f"/requests/{made}")
    letters = [form for form in page.forms if form.action.endswith("/open/letter")]
    read = [bea.reader.post(one.action, one.holding()).text for one in letters]
    assert any(CANARY in text for text in read), "a letter says why"


def _denied(paper: Paper, ana: Clerk, bea: Clerk, cyd: Clerk) -> None:
    """Deny a request with facts, the second time for good, and decide on what was appealed."""
    house = paper.house
    made = str(house.asserted("access", WHO)["id"])
    said = {"reason": "secrecy_by_law", "facts": f"{CANARY} is in it", **CITED}
    for act in ("dismiss", "confirm"):
        ana.act(made, "deny", **said)
        _opened(bea, f"/requests/{made}", "/open/proposal")
        more = {"because": f"{CANARY} is not meant"} if act == "dismiss" else {}
        assert bea.act(made, act, **more).status == 200
    asked = house.post(f"/v1/requests/{made}/appeal", {"text": f"{CANARY} appeals"})
    assert asked.status_code == 201, asked.json
    ana.act(made, "assign_appeal", to=id_of(house, cyd.name))
    cyd.act(made, "decide_appeal", outcome="dismiss", reasons=f"{CANARY} is answered")
    assert _opened(cyd, f"/requests/{made}", "/open/appeal").text.count(CANARY) > 1


def _sampled(paper: Paper, ana: Clerk) -> None:
    """Open a sample of a package."""
    house = paper.house
    made = str(house.asserted("copy", WHO)["id"])
    house.package(made, b"sealed")
    page = ana.reader.send(ana.get(f"/requests/{made}"), "/sample")
    row = {"email": {"kind": "email", "starts": CANARY, "length": 17}}
    found = [{"path": "shop.users", "long": False, "rows": [row]}]
    house.looked_up({"collections": found, "more": False})
    assert CANARY in ana.reader.get(page.response.request.path).text


def _signed(paper: Paper, ana: Clerk) -> str:
    """Have evidence for an audit made and signed of all of it; return it as a file."""
    house = paper.house
    today = f"{house.clock.now().astimezone(zone_of(house.context)):%Y-%m-%d}"
    asked = ana.force("/reports/signed", first=today, last=today, items="")
    assert asked.status == 200, asked.text
    assert reporting.relay(house) == 1
    page = ana.get(asked.response.request.path.removeprefix("/console"))
    taken = ana.reader.send(page, asked.response.request.path, form="json")
    made = orjson.loads(taken.response.data)
    assert made["content"]["tables"]["sample"], "our requests are in it"
    return str(made)


def _kept(paper: Paper, folder: Path, redis: Redis) -> Iterator[tuple[str, str]]:
    """Yield all that is kept by where it is: tables, files, the queue."""
    with paper.house.engine.connect() as connection:
        for table in SQLModel.metadata.sorted_tables:
            yield table.name, str([tuple(row) for row in connection.execute(select(table))])
    for file in (one for one in folder.rglob("*") if one.is_file()):
        yield file.name, file.read_bytes().decode("latin-1")
    for key in redis.scan_iter():
        yield "queue", f"{key!r}{redis.dump(key)!r}"


def _leaks(paper: Paper, folder: Path, redis: Redis) -> set[str]:
    kept = _kept(paper, folder, redis)
    return {where for where, text in kept if any(one in text.lower() for one in PERSONAL)}


@pytest.mark.requirement("R-LOG-1")
def test_what_was_written_about_a_person_stands_in_clear_nowhere(
    paper: Paper, three: list[Clerk], log: io.StringIO, tmp_path: Path, private_redis_url: str
) -> None:
    ana, bea, cyd = three
    _in_part(paper, ana, bea)
    _denied(paper, ana, bea, cyd)
    _sampled(paper, ana)
    evidence = _signed(paper, ana)

    with Redis.from_url(private_redis_url) as redis:
        assert _leaks(paper, tmp_path, redis) == set()
    for text in (evidence, log.getvalue()):
        assert not any(one in text.lower() for one in PERSONAL)


def test_what_stands_in_clear_is_found(
    paper: Paper, tmp_path: Path, private_redis_url: str
) -> None:
    now = paper.house.clock.now()
    bird = Writing(request_id="1" * 32, purpose="appeal", sealed=CANARY.encode(), created_at=now)
    with paper.house.writing() as session:
        session.add(bird)
    (tmp_path / "notes").write_text(WHO["email"], encoding="utf-8")

    with Redis.from_url(private_redis_url) as redis:
        redis.set("job", CANARY)
        found = _leaks(paper, tmp_path, redis)

    assert {"writing", "notes", "queue"} <= found
