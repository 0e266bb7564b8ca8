"""The organisation's page: what it owes, what is due when, who may say that it was done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from rights.domain.errors import Conflict, Forbidden
from rights.services.organisation import calendar
from rights.store.models import Staff
from tests.web.console.clerk import clerk, events
from tests.web.console.organised import NOW, entries, flat
from tests.web.house import House

MINORS = "/organisation/minors_audit/2026-12-31"


def test_the_page_shows_profile_duties_with_citations_and_what_is_overdue(school: House) -> None:
    page = clerk(school, "otto", "auditor").get("/organisation")

    text = flat(page.text)
    assert "2,000,000" in text
    assert "PIPL 52; audit measures (2025) 12" in text
    assert "People from 1,000,000 on" in text
    assert "once a year, by December 31" in text
    assert "rights reports" not in text, "a page does it"
    assert "/console/reports?report=audit" in page.links
    assert text.count("overdue") == 2, "two years of audits are two rows, one of them ahead"
    assert "Mark as done" not in text, "an auditor decides nothing"
    acts = {form.action.rpartition("/")[2] for form in page.forms}
    assert acts == {"sign-out", "document"}, "whoever makes reports takes documents"


def test_what_helps_leads_to_its_page_and_only_for_whom_it_opens(
    stated: Callable[..., House],
) -> None:
    house = stated(persons=20_000_000, important_data=True, ecommerce=True)
    otto, rui = clerk(house, "otto", "auditor"), clerk(house, "rui", "reviewer")

    mine, others = otto.get("/organisation"), rui.get("/organisation")

    reports = [link for link in mine.links if "/reports?" in link]
    assert reports
    assert all(otto.get(link.removeprefix("/console")).status == 200 for link in {*reports})
    assert "#outbound-title" in mine.links
    assert 'id="outbound-title"' in mine.html
    assert not [link for link in others.links if "/reports" in link or "#outbound" in link]
    assert "/console/incidents" in others.links
    assert "GET /public/rights-methods" in mine.text, "no page does what an interface is for"


def test_the_page_is_there_in_chinese(school: House) -> None:
    dora = clerk(school, "dora", "dpo")
    dora.reader.language = "zh-CN"

    text = flat(dora.get("/organisation?lang=zh-CN").text)

    assert "《未成年人网络保护条例》第三十七条" in text
    assert "每年一次，最迟12月31日" in text
    assert "已逾期" in text


def test_what_was_done_is_marked_with_a_reference_and_is_an_entry(school: House) -> None:
    dora = clerk(school, "dora", "dpo")
    page = dora.get("/organisation")

    done = dora.reader.send(page, f"{MINORS}/done", on="2027-01-20", reference="audit/2026/7")

    assert done.status == 200
    assert "Marked as done." in done.text
    assert "audit/2026/7" in done.text
    assert flat(done.text).count("overdue") == 1, "the other duty is as overdue as it was"
    (entry,) = entries(school, "duty_done")
    assert entry.data == {
        "duty": "minors_audit",
        "due": "2026-12-31",
        "on": "2027-01-20",
    }
    assert entry.actor.startswith("staff:")


def test_a_mark_made_by_mistake_is_taken_back_and_both_are_on_record(school: House) -> None:
    dora = clerk(school, "dora", "dpo")
    page = dora.get("/organisation")
    page = dora.reader.send(page, f"{MINORS}/done", on="2027-01-20", reference="7")

    page = dora.reader.send(page, f"{MINORS}/reopen")

    assert "Taken back." in page.text
    assert flat(page.text).count("overdue") == 2
    assert len(entries(school, "duty_done")) == len(entries(school, "duty_reopened")) == 1
    assert dora.force(f"{MINORS}/reopen").status == 409


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"on": "2027-02-02", "reference": "7"}, 422),
        ({"on": "2025-12-31", "reference": "7"}, 422),
        ({"on": "", "reference": "7"}, 422),
        ({"on": "2027-01-20", "reference": " "}, 422),
        ({"on": "2027-01-20", "reference": "a\nb"}, 422),
        ({"on": "2027-01-20", "reference": "7" * 201}, 422),
    ],
)
def test_what_cannot_be_so_is_refused_and_nothing_is_marked(
    school: House, said: dict[str, str], status: int
) -> None:
    dora = clerk(school, "dora", "dpo")

    answer = dora.force(f"{MINORS}/done", **said)

    assert answer.status == status
    assert "That was not done" in answer.text
    assert entries(school, "duty_done") == []
    assert dora.force(f"{MINORS}/done", on="2027-01-20", reference="7").status == 200
    assert dora.force(f"{MINORS}/done", on="2027-01-21", reference="8").status == 409
    assert dora.force("/organisation/minors_audit/2031-12-31/done", **said).status in (404, 422)
    gone = {"on": "2027-01-20", "reference": "7"}
    assert dora.force("/organisation/minors_audit/2031-12-31/done", **gone).status == 404


def test_only_its_owner_and_the_protection_officer_mark_a_duty(school: House) -> None:
    said = {"on": "2027-01-20", "reference": "7"}
    lea, adam = clerk(school, "lea", "legal", "reviewer"), clerk(school, "adam", "admin")

    assert lea.force(f"{MINORS}/done", **said).status == 403
    assert adam.force(f"{MINORS}/done", **said).status == 403
    page = adam.get("/organisation")
    assert [f for f in page.forms if f.action.endswith(f"{MINORS}/done")] == []
    assert adam.reader.send(page, "cii_assessment/2026-12-31/done", **said).status == 200
    assert [name for name, _ in events(school) if name == "staff_refused"] == ["staff_refused"] * 2


def test_two_who_mark_the_same_day_are_told_apart(school: House) -> None:
    with school.writing() as session:
        dora = Staff(name="dora", roles=["dpo"], created_at=NOW)
        rui = Staff(name="rui", roles=["reviewer"], created_at=NOW)
        session.add_all([dora, rui])
    given: dict[str, Any] = {"on": date(2027, 1, 20), "reference": "7", "now": NOW}
    due = date(2026, 12, 31)

    with school.writing() as session, pytest.raises(Forbidden):
        calendar.mark(session, school.context, rui, "minors_audit", due, **given)
    with school.writing() as session:
        calendar.mark(session, school.context, dora, "minors_audit", due, **given)
    with school.writing() as session, pytest.raises(Conflict):
        calendar.mark(session, school.context, dora, "minors_audit", due, **given)


def test_the_first_page_counts_what_is_overdue_and_due_soon(school: House) -> None:
    dora = clerk(school, "dora", "dpo")
    assert "2 duties overdue" in flat(dora.get("/").text)
    assert "duties due soon" not in dora.get("/").text

    school.clock.at = datetime(2026, 12, 1, tzinfo=UTC)
    dora = clerk(school, "dina", "dpo")
    assert "2 duties due soon" in flat(dora.get("/").text)


def test_without_a_profile_the_page_says_what_to_do(house: House) -> None:
    page = clerk(house, "dora", "dpo").get("/organisation")

    assert page.status == 200
    assert "RIGHTS_ORGANISATION" in page.text
    assert "duties" not in clerk(house, "dina", "dpo").get("/").text


def test_who_has_the_numbers_of_a_large_platform_reads_that_people_decide(
    stated: Callable[..., House],
) -> None:
    page = clerk(stated(persons=60_000_000, registered=60_000_000), "dora", "dpo").get(
        "/organisation"
    )

    assert "people decide" in page.text
    assert "Publish the yearly report" not in page.text
