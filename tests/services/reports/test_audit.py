"""Evidence for a compliance audit: numbers, a sample that resolves, and what went wrong."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from sqlmodel import Session, col, select

from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import State
from rights.domain.representation import AgeBand, Role
from rights.services import audit, requests
from rights.services.checkpoints import checkpoint, purge_chain
from rights.services.reports import audit_items
from rights.services.words import LANGUAGES
from rights.store.db import open_engine, transaction
from rights.store.models import (
    Aftercare,
    Checkpoint,
    CheckpointLeaf,
    Consent,
    Entry,
    HeldRows,
    ReceiptRow,
    Request,
)
from tests.architecture.tree import ROOT
from tests.services.registers import signer
from tests.services.reports.expected import CHINA, Count, out_of
from tests.services.reports.terminal import Terminal
from tests.services.reports.town import ANSWERS, Case

REQUIREMENTS = ROOT / "workflows" / "requirements.yaml"

QUARTER = ("audit", "--from", "2026-04-01", "--to", "2026-06-30")
DAYS = ((2026, 4, 1), (2026, 7, 1))
ON_A_FILE = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
AUTOMATED = (Option.AUTOMATED_DECISION, Option.REFUSE_SOLE_AUTOMATION)


def _items(count: Count) -> dict[str, Callable[[Case], bool]]:
    young = (AgeBand.UNDER_14, AgeBand.FROM_14)
    return {
        "2": lambda c: c.kind is Kind.CONSENT_WITHDRAWAL,
        "3": lambda _: True,
        "9": lambda c: c.kind is Kind.RECOMMENDATION_OPT_OUT or c.option in AUTOMATED,
        "14": lambda c: count.age(c) in young or c.role is Role.GUARDIAN,
        "15": lambda c: c.kind is Kind.PORTABILITY,
        "16": lambda c: c.kind in (Kind.DELETION, Kind.ACCOUNT_CANCELLATION),
        "17": lambda _: True,
        "18": lambda c: c.option is Option.RULES,
    }


@contextmanager
def _writing(url: str) -> Iterator[Session]:
    engine = open_engine(url)
    with transaction(engine) as session:
        yield session
    engine.dispose()


@pytest.mark.requirement("R-AUD17-1")
def test_a_quarter_has_the_numbers_of_every_item_and_a_sample_that_resolves(
    terminal: Terminal, all_of: list[Case], url: str
) -> None:
    content = terminal.report(*QUARTER)["content"]
    count = Count(all_of, *DAYS)
    tables = content["tables"]

    sums = {
        r.pop("item"): r for r in tables["metrics"] if (r.pop("by"), r.pop("group"))[0] == "total"
    }
    assert sums == {item: count.row(of) for item, of in _items(count).items()}
    known = {case.id: case for case in count.cases}
    with _writing(url) as session:
        for row in tables["sample"]:
            case = known[row["request"]]
            assert _items(count)[row["item"]](case)
            assert count.within(case.closed)
            assert requests.find(session, row["request"]).id == case.id
            last = [e for e in audit.entries(session, case.id) if e.at < count.end][-1]
            assert (row["head"], row["entries"]) == (last.hash, last.seq)
            assert row["chain_holds"] == "yes"
            receipt = session.get(ReceiptRow, case.id)
            digest = hashlib.sha256(receipt.body.encode()).hexdigest() if receipt else None
            assert row["receipt"] == digest
    for item, of in _items(count).items():
        ended = [c for c in count.cases if of(c) and count.within(c.closed)]
        drawn = {r["request"] for r in tables["sample"] if r["item"] == item}
        assert len(drawn) == min(10, len(ended))
    assert ("transfers_abroad", "transfers") in [
        (one["figure"], one["why"]) for one in content["missing"]
    ]


@pytest.mark.requirement("R-AUD17-1")
def test_exceptions_are_those_that_went_wrong(terminal: Terminal, all_of: list[Case]) -> None:
    rows = terminal.report(*QUARTER, "--items", "17")["content"]["tables"]["exceptions"]
    count = Count(all_of, *DAYS)

    found = {r["exception"]: (r["number"], r["references"].split()) for r in rows}
    answered = [c for c in count.cases if c.state in ANSWERS and c.closed]
    late = {c.id for c in answered if count.within(out := out_of(c)) and out and out > c.promised}
    ended = [c for c in answered if count.within(c.closed)]
    bare = {c.id for c in ended if c.state in ANSWERS[:2] and not c.receipt}
    denied = {c.id for c in ended if c.state is State.DENIED}
    partial = {c.id for c in ended if c.state is State.PARTIALLY_FULFILLED}
    expectations = {"late": late, "no_receipt": bare, "denied": denied, "partial": partial}
    for code, expected in expectations.items():
        number, named = found[code]
        assert number == len(expected)
        assert set(named) <= expected
        assert len(named) == min(50, number)
    assert all((bare, denied, partial))
    assert (found["no_reason"], found["came_back"]) == ((0, []), (0, []))
    total = count.row(lambda _: True)
    assert (found["unsent"][0], found["overdue"][0]) == (total["unsent"], total["overdue"])


@pytest.mark.requirement("R-AUD17-1:bad")
@ON_A_FILE
def test_a_period_older_than_records_are_kept_names_what_is_available(terminal: Terminal) -> None:
    early = ("reports", "audit", "--from", "2024-01-01", "--to", "2026-06-30", "--as", "otto")
    said = terminal.run(*early, code=1)

    assert "purged" in said
    assert "reports can be made of the days from 2025-01-01 to 2027-03-01" in said


@pytest.mark.requirement("R-AUD17-1:bad")
def test_a_period_of_which_records_are_gone_is_refused_whatever_is_set(
    terminal: Terminal, all_of: list[Case], url: str
) -> None:
    """Somebody kept records for two years, and then set three."""
    count = Count(all_of, *DAYS)
    case = next(c for c in count.cases if count.within(c.closed) and count.within(c.entered))
    with _writing(url) as session:
        checkpoint(session, signer(), case.closed or terminal.now)
        purge_chain(session, signer(), case.id, now=terminal.now)
        session.delete(session.get_one(Request, case.id))

    before = (case.closed or terminal.now).astimezone(CHINA) + timedelta(days=1)
    said = terminal.run("reports", *QUARTER, "--as", "otto", code=1)
    later = terminal.report("audit", "--from", f"{before:%Y-%m-%d}", "--to", "2027-02-01")

    assert "purged earlier than is set now" in said
    assert f"the days from {before:%Y-%m-%d} to" in said
    assert later["content"]["tables"]["sample"]


@pytest.mark.requirement("R-AUD17-1")
def test_a_sample_names_the_signed_checkpoint_that_it_stands_under(
    terminal: Terminal, url: str
) -> None:
    """Two were made in the quarter, of which the newer counts, and one after it."""
    moments = [datetime(2026, month, 28, tzinfo=UTC) for month in (5, 6, 7)]
    with _writing(url) as session:
        for at in moments:
            audit.append_day(session, audit.Line("key_used", "system", {}), now=at)
            session.flush()
            assert checkpoint(session, signer(), at)
            session.flush()
        newest = session.exec(select(Checkpoint).order_by(col(Checkpoint.id))).all()[1]
        leaves = session.exec(select(CheckpointLeaf)).all()

    tables = terminal.report(*QUARTER)["content"]["tables"]

    under: dict[str, int] = {}
    for leaf in [one for one in leaves if one.checkpoint_id <= (newest.id or 0)]:
        under[leaf.chain] = max(under.get(leaf.chain, 0), leaf.checkpoint_id)
    found = {row["request"]: row["checkpoint"] for row in tables["sample"]}
    assert found == {request: str(under[request]) for request in found}
    last = tables["checkpoints"][-1]
    said = {"checkpoint": str(newest.id), "root": newest.root, "signature": newest.signature}
    assert said.items() <= last.items()
    named = {row["checkpoint"] for row in tables["sample"]}
    assert {row["checkpoint"] for row in tables["checkpoints"]} == named | {str(newest.id)}
    words = terminal.file(*QUARTER, "--items", "17", "--format", "csv").decode("utf-8-sig")
    assert newest.signature in words


def test_every_item_names_requirements_that_there_are(terminal: Terminal) -> None:
    del terminal
    known = {one["id"] for one in yaml.safe_load(REQUIREMENTS.read_text(encoding="utf-8"))}

    for number, item in audit_items.items().items():
        assert item.requirements, number
        assert set(item.requirements) <= known, number
        assert set(item.titles) == set(LANGUAGES), number


@ON_A_FILE
def test_the_sample_follows_from_the_period_alone(terminal: Terminal) -> None:
    first = terminal.report(*QUARTER)["content"]["tables"]["sample"]
    again = terminal.report(*QUARTER, who="dana")["content"]["tables"]["sample"]
    other = terminal.report("audit", "--from", "2026-04-01", "--to", "2026-06-29")

    assert first == again
    seventeen = [row["request"] for row in first if row["item"] == "17"]
    assert seventeen != [
        r["request"] for r in other["content"]["tables"]["sample"] if r["item"] == "17"
    ]
    assert seventeen != [row["request"] for row in first if row["item"] == "3"]


@ON_A_FILE
def test_a_chain_that_was_changed_shows_in_the_sample(terminal: Terminal, url: str) -> None:
    drawn = terminal.report(*QUARTER, "--items", "17")["content"]["tables"]["sample"][0]["request"]
    with _writing(url) as session:
        query = select(Entry).where(Entry.chain == drawn).order_by(col(Entry.seq))
        session.exec(query).first().actor = "staff:x"  # type: ignore[union-attr]

    sample = terminal.report(*QUARTER, "--items", "17")["content"]["tables"]["sample"]
    assert [row["chain_holds"] for row in sample if row["request"] == drawn] == ["no"]


def test_figures_beside_requests_are_counted_by_when_they_happened(
    terminal: Terminal, all_of: list[Case], url: str
) -> None:
    within, before = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
    told = all_of[0].id
    with _writing(url) as session:
        for at in (before, within):
            given: dict[str, Any] = {"backend_id": "b", "subject": "s", "purpose": "ads", "at": at}
            session.add_all(Consent(state=s, **given) for s in ("granted", "granted", "withdrawn"))
            held: dict[str, Any] = {
                "request_id": told,
                "collection": "a.b",
                "basis": "law",
                "count": 1,
            }
            session.add(HeldRows(code="retention", created_at=before, ended_at=at, **held))
            session.add(HeldRows(code="tech_infeasible", created_at=at, **held))
            moments: dict[str, Any] = {"created_at": at, "due_at": at}
            session.add(Aftercare(request_id=told, kind="incident", **moments))
            session.add(Aftercare(request_id=told, kind="recheck", **moments))

    rows = terminal.report(*QUARTER)["content"]["tables"]["beside"]
    found = {(row["item"], row["figure"]): row["number"] for row in rows}
    assert (found["2", "consents_granted"], found["2", "consents_withdrawn"]) == (2, 1)
    assert (found["16", "holds_opened"], found["16", "holds_closed"]) == (0, 1)
    assert (found["16", "infeasible"], found["16", "data_came_back"]) == (1, 1)


@ON_A_FILE
def test_it_is_signed_and_any_change_shows(terminal: Terminal) -> None:
    file = terminal.folder / "audit.json"
    terminal.run("reports", *QUARTER, "--as", "otto", "--out", str(file))
    document: dict[str, Any] = json.loads(file.read_bytes())
    public = document["public_key"]
    said = terminal.run("reports", "verify", str(file))
    assert said.startswith("the signature holds\n")
    assert f"by the key in the file, {public}:" in said
    known = terminal.run("reports", "verify", str(file), "--public-key", public)
    assert known.strip() == "the signature holds"
    document["content"]["tables"]["exceptions"][0]["number"] += 1
    file.write_text(json.dumps(document), encoding="utf-8")
    assert "does NOT hold" in terminal.run("reports", "verify", str(file), code=1)
    file.write_text("{}", encoding="utf-8")
    assert "no signed report" in terminal.run("reports", "verify", str(file), code=1)


@ON_A_FILE
def test_an_item_that_is_none_is_refused_with_those_there_are(terminal: Terminal) -> None:
    said = terminal.run("reports", *QUARTER, "--items", "16,99", "--as", "otto", code=1)

    assert "item 99 is not one of the report's" in said
    assert "2, 3, 9, 14, 15, 16, 17, 18" in said
