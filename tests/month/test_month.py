"""
A simulated month, 5,000 requests: every date, every alert and every figure against a count of its
own. What it covers is told in ``docs/explanation/correctness.md``.
"""

from __future__ import annotations

import inspect
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlmodel import col, select

from rights.domain import period as periods
from rights.domain.representation import Role
from rights.services import acknowledging, clocks, extensions, late_queues, untouched
from rights.services.regimes import promise
from rights.services.reports import making
from rights.services.reports.making import Wanted
from rights.store.models import Appeal, Entry, ExtensionRow, Notice, Request, Staff
from tests.month import days, figures, laws, oracle
from tests.month import story as told
from tests.month.conftest import NUMBER, ROLES
from tests.month.laws import LAWS
from tests.month.month import Month
from tests.month.replay import AFTER, IDLE, Expected, Replay, known
from tests.services.reports.expected import CALIFORNIA, CHINA, Count
from tests.services.reports.terminal import Terminal

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("month")]

PERIODS = [
    ((2026, 1, 1), (2027, 1, 1), ("--year", "2026")),
    ((2026, 1, 1), (2026, 4, 1), ("--year", "2026", "--quarter", "1")),
    ((2026, 4, 1), (2026, 7, 1), ("--year", "2026", "--quarter", "2")),
    ((2025, 10, 1), (2026, 1, 1), ("--year", "2025", "--quarter", "4")),
]
READ = datetime(2027, 1, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def expected(happened: Month) -> list[Expected]:
    """Return what must have become of each story."""
    times = [one.at for one in happened.rounds]
    return [Replay(one, happened.rounds, times).run() for one in happened.stories]


@pytest.fixture(scope="module")
def requests(happened: Month) -> list[Request]:
    """Return the request of each story."""
    with happened.house.reading() as session:
        every = {one.id: one for one in session.exec(select(Request))}
    assert len(every) == NUMBER
    return [every[one.id] for one in happened.stories]


def _differ(found: Iterable[tuple[int, Any, Any]]) -> list[tuple[int, Any, Any]]:
    """Return the numbers of stories for which two answers differ, and both."""
    return [one for one in found if one[1] != one[2]]


def _of(month: Month, requests: list[Request], name: str, mine: list[Any]) -> Any:
    pairs = zip(month.stories, requests, mine, strict=True)
    return _differ((story.number, getattr(one, name), made) for story, one, made in pairs)


@pytest.mark.parametrize("module", [laws, days, oracle])
def test_what_is_compared_with_is_worked_out_without_the_product(module: ModuleType) -> None:
    lines = inspect.getsource(module).splitlines()
    imported = [one for one in lines if one.startswith(("from ", "import "))]

    assert imported
    assert [one for one in imported if "rights" in one or "workflows" in one] == []


def test_there_is_some_of_everything(happened: Month, expected: list[Expected]) -> None:
    stories = happened.stories
    ends = Counter(one.state for one in expected)
    assert len(stories) == NUMBER
    assert {one.laws for one in stories} > {(law,) for law in LAWS}
    assert len({frozenset(one.laws) for one in stories}) == len(LAWS) * (len(LAWS) + 1) // 2
    assert min(ends[end] for end in ("on_hold", *_ENDS)) > 50, ends
    assert sum(one.end == told.MERGED for one in stories) > 20
    assert sum(bool(one.longer) for one in expected) > 50
    assert sum(one.paused > 0 for one in expected) > 20
    assert sum(one.first.estimate for one in expected) > 500
    late = [one for one in expected if one.out and one.closed and one.out > one.promised]
    assert len(late) > 300
    assert sum(bool(one.appealed) for one in stories) > 100
    untold = [one for one in stories if one.unaddressed]
    assert min(sum(bool(one.tells) is said for one in untold) for said in (True, False)) > 20


_ENDS = (told.FULFILLED, told.PARTLY, told.DENIED, told.REVOKED, told.LAPSED)


@pytest.mark.requirement("R-SLA-2", "R-SLA-3", "R-SLA-4", "R-SLA-6")
@pytest.mark.parametrize(
    ("column", "mine"),
    [
        ("due_at", "due"),
        ("promised_at", "promised"),
        ("ack_at", "confirm_by"),
        ("due_provisional", "estimate"),
        ("paused_days", "paused"),
        ("extension_reason", "longer"),
        ("first_due_at", "first_due"),
        ("verified_at", "proved"),
        ("closed_at", "closed"),
        ("state", "state"),
    ],
)
def test_every_request_stands_where_it_must(
    happened: Month, requests: list[Request], expected: list[Expected], column: str, mine: str
) -> None:
    wrong = _of(happened, requests, column, [getattr(one, mine) for one in expected])

    assert wrong == []


@pytest.mark.requirement("R-SLA-9", "R-SLA-10")
def test_every_limit_aim_and_confirmation_is_the_one_of_the_laws(happened: Month) -> None:
    book, found = happened.house.context.regimes, []
    for one in happened.stories:
        about = (one.kind, one.option, one.laws, one.received)
        due = promise(*about, verified_at=one.proved, book=book).due
        mine = oracle.dates(one.asks, AFTER, proved=one.proved)
        theirs = (due.due_at, due.due_legal_at, due.promised_at, due.ack_at, due.target_at)
        found.append(
            (one.number, theirs, (mine.kept, mine.legal, mine.promised, mine.confirmed, mine.aim))
        )

    assert _differ(found) == []


@pytest.mark.requirement("R-SLA-11")
def test_every_alert_is_told_once_and_at_the_first_look_after_its_moment(
    happened: Month, expected: list[Expected]
) -> None:
    told_of: dict[str, list[tuple[int, datetime]]] = defaultdict(list)
    with happened.house.reading() as session:
        every = select(Entry).where(col(Entry.event).in_((clocks.EVENT, untouched.IDLE)))
        for entry in session.exec(every.order_by(col(Entry.id))):
            told_of[entry.chain].append((entry.data.get("stage", IDLE), entry.at))

    pairs = zip(happened.stories, expected, strict=True)
    assert _differ((one.number, told_of[one.id], made.told) for one, made in pairs) == []
    assert sum(map(len, told_of.values())) > NUMBER


_BESIDES = {
    acknowledging.SOON: ("acknowledgement", 75),
    acknowledging.MISSED: ("acknowledgement", 100),
    untouched.MISSED: ("target", 90),
    "preference_late": ("target", 90),
    "preference_breached": ("target", 100),
    late_queues.APPEAL: ("appeal", 100),
}


@pytest.mark.requirement("R-SLA-10", "R-SLA-11")
def test_what_is_told_beside_the_clock_is_told_once_and_at_the_first_look_after_its_moment(
    happened: Month, expected: list[Expected]
) -> None:
    """Receipts that are not confirmed, what is wanted at once, appeals."""
    told_of: dict[str, set[tuple[str, int, datetime]]] = defaultdict(set)
    with happened.house.reading() as session:
        entries = session.exec(select(Entry).where(col(Entry.event).in_(_BESIDES))).all()
    for entry in entries:
        told_of[entry.chain].add((*_BESIDES[entry.event], entry.at))

    pairs = zip(happened.stories, expected, strict=True)
    assert _differ((one.number, told_of[one.id], set(made.besides)) for one, made in pairs) == []
    # A switch has a row for each identifier of a person, and an entry for each row.
    ours = [(one.chain, one.event) for one in entries if "switch" not in one.data]
    assert len(ours) == len(set(ours))
    kinds = Counter(what for made in expected for what, _, _ in made.besides)
    assert min(kinds[what] for what in ("acknowledgement", "target", "appeal")) > 10, kinds


@pytest.mark.requirement("R-SLA-11")
def test_staff_are_mailed_in_each_round_that_has_news_for_them_and_in_no_other(
    happened: Month, expected: list[Expected]
) -> None:
    least = {"reviewer": 50, "approver": 90, "dpo": 100}
    mine = {
        (role, at)
        for made in expected
        for stage, at in made.told
        for role in ROLES
        if stage >= least[role] or (stage == IDLE and role != "dpo")
    } | {
        (role, at)
        for made in expected
        for _, stage, at in made.besides
        for role in ROLES
        if stage >= least[role]
    }

    assert {(role, at) for role, at in happened.alerted} == mine
    assert {role for role, _ in mine} == set(ROLES)


@pytest.mark.requirement("R-SLA-5", "R-SLA-12")
def test_more_time_counts_where_the_person_was_told_in_time_and_nowhere_else(
    happened: Month, expected: list[Expected]
) -> None:
    with happened.house.reading() as session:
        states = {one.request_id: one.state for one in session.exec(select(ExtensionRow))}
    counts = {
        one.id: extensions.EFFECTIVE if made.longer else extensions.VOID
        for one, made in zip(happened.stories, expected, strict=True)
        if one.more and one.more < happened.last
    }

    assert states == counts
    assert min(Counter(states.values())[state] for state in ("effective", "void")) > 20


@pytest.mark.requirement("R-SLA-7", "R-SLA-10")
def test_every_letter_goes_out_in_the_first_round_that_has_mail(
    happened: Month, expected: list[Expected]
) -> None:
    sent: dict[tuple[str, str], set[datetime | None]] = defaultdict(set)
    with happened.house.reading() as session:
        for one in session.exec(select(Notice).where(Notice.state == "sent")):
            sent[one.request_id, one.event].add(one.sent_at)
    outs, confirmed = [], []
    for one, made in zip(happened.stories, expected, strict=True):
        outcome = {made.out} if one.told and made.state in _ENDS[:3] and made.out else set()
        outs.append((one.number, sent[one.id, "outcome"], outcome))
        reached = one.mail if one.role is Role.SELF else one.rep_mail
        if reached and one.channel not in told.LOGGED:
            confirmed.append((one.number, sent[one.id, "received"], {made.confirmed}))
            assert made.confirmed
            waited = made.confirmed - one.entered > timedelta(hours=6)  # a fault was in the way
            assert waited or made.confirmed <= made.first.confirmed

    assert _differ(outs) == []
    assert _differ(confirmed) == []
    assert len(confirmed) > 500


def test_no_letter_is_sent_twice(happened: Month) -> None:
    ids = Counter(mail["Message-ID"] for mail in happened.sink.messages)

    assert [one for one, times in ids.items() if times > 1] == []
    assert len(ids) > 1_000


def test_every_appeal_has_the_date_of_its_own_clock(happened: Month) -> None:
    with happened.house.reading() as session:
        due = {
            one.request_id: (one.due_at, one.promised_at) for one in session.exec(select(Appeal))
        }
    mine = {}
    for one in happened.stories:
        if one.appealed and one.appealed < happened.last:
            asked = oracle.Asked(one.laws, "appeal", "", one.appealed)
            made = oracle.dates(asked, known(one.appealed))
            mine[one.id] = (made.kept, made.promised)

    assert due == mine


def _cases(month: Month, expected: list[Expected]) -> list[Any]:
    pairs = zip(month.stories, expected, strict=True)
    return [figures.case(one, made, month.last) for one, made in pairs]


@pytest.fixture
def terminal(happened: Month, tmp_path: Path) -> Terminal:
    """Return a terminal in the year after, when everything is over."""
    return Terminal(tmp_path, happened.house.context.settings.database_url, READ)


@pytest.mark.requirement("R-44-1")
@pytest.mark.parametrize(("first", "after", "words"), PERIODS)
def test_every_figure_of_the_report_is_what_the_stories_give(
    happened: Month,
    expected: list[Expected],
    terminal: Terminal,
    first: Any,
    after: Any,
    words: Any,
) -> None:
    found = terminal.report("figures", *words)["content"]["tables"]

    _compare(happened, Count(_cases(happened, expected), first, after, CHINA), found)


def test_the_figures_of_the_month_itself_are_what_the_stories_give(
    happened: Month, expected: list[Expected]
) -> None:
    """Not over yet for many: what stands still, is unsent and overdue at its end counts here."""
    house, month = happened.house, periods.between(date(2026, 1, 1), date(2026, 1, 31), CHINA)
    with house.reading() as session:
        otto = session.exec(select(Staff).where(Staff.name == "otto")).one()
    report = making.build(house.engine, house.context, otto, Wanted("figures", month), now=READ)
    count = Count(_cases(happened, expected), (2026, 1, 1), (2026, 2, 1), CHINA)

    _compare(happened, count, report.body()["tables"])
    (total,) = report.body()["tables"]["total"]
    assert min(total[name] for name in ("overdue", "unsent", "open_after", "late")) > 0


def _compare(happened: Month, count: Count, found: dict[str, list[Any]]) -> None:
    for name, rows in figures.tables(count).items():
        assert _sorted(found[name]) == _sorted(rows), name
    denied = {row["reason"]: row["denied"] for row in found["reasons"] if row["denied"]}
    assert denied == figures.reasons(count)
    others = {row["figure"]: row["number"] for row in found["others"] if row["number"]}
    mine = figures.appeals(happened.stories, count, happened.last)
    assert others == {name: number for name, number in mine.items() if number}


def _sorted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


@pytest.mark.requirement("R-US7102-1")
def test_californias_metrics_are_what_the_stories_give(
    happened: Month, expected: list[Expected], terminal: Terminal
) -> None:
    mine = [one for one in _cases(happened, expected) if "us_ca" in one.laws]
    count = Count(mine, (2026, 1, 1), (2027, 1, 1), CALIFORNIA)
    found = terminal.report("california", "--year", "2026")["content"]["tables"]

    assert found == {"california": figures.california(count)}
    assert min(row["received"] for row in found["california"]) > 20
