"""The document of a duty: sections with their law in both languages, the figures of its period."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
import yaml

from rights.domain import period
from rights.domain.errors import ConfigError
from rights.services.organisation import template_catalogue
from rights.services.organisation.duty_catalogue import catalogue
from rights.services.organisation.template_catalogue import templates
from rights.services.reports import making
from rights.services.reports.labels import Labels
from rights.services.reports.making import Wanted
from rights.services.words import LANGUAGES
from tests.web.console.clerk import clerk
from tests.web.console.organised import entries
from tests.web.house import House
from tests.web.portal.reader import Page

FILE = Path(template_catalogue.__file__).parents[2] / "catalogue" / "duty_templates.yaml"
MINORS = "/organisation/minors_audit/document"


def _text(page: Page) -> str:
    """Return what somebody reads in a document."""
    return " ".join(unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", page.html)).split())


def _row(html: str, heading: str, first: str) -> list[str]:
    """Return the cells of a row under a heading of the document."""
    table = html.partition(f"<h3>{heading}</h3>")[2].partition("</table>")[0]
    found = re.search(rf"<tr>(?:<th[^>]*>{re.escape(first)}</th>)(.*?)</tr>", table)
    assert found, (heading, first)
    return re.findall(r"<td>(.*?)</td>", found[1])


def _taken(house: House, code: str, language: str, due: str = "") -> Page:
    dora = clerk(house, f"dora-{len(entries(house, 'staff_signed_in'))}-{language}-{code}", "dpo")
    said = {"language": language, **({"due": due} if due else {})}
    return dora.force(f"/organisation/{code}/document", **said)


def test_every_duty_has_a_template_and_each_section_its_words_in_both_languages() -> None:
    assert templates().keys() == catalogue().keys()
    for code, one in templates().items():
        assert len(one.parts) >= 3, code
        for part in one.parts:
            assert {*part.title} == {*part.write} == {*LANGUAGES}, (code, part.code)
            assert all(part.title.values()), (code, part.code)
            assert {*part.source} in ({*LANGUAGES}, set()), (code, part.code)


@pytest.mark.parametrize(
    ("break_", "named"),
    [
        (lambda said: said["templates"].pop("minors_audit"), "minors_audit"),
        (lambda said: said["templates"]["minors_audit"]["sections"].append("x"), "x is no section"),
        (lambda said: said["sections"]["about"]["title"].pop("en"), "sections.about.title"),
        (lambda said: said["sections"]["about"]["filled"].append("x"), "nothing fills in"),
        (lambda said: said["sections"].update(more=said["sections"]["about"]), "in no template"),
        (lambda said: said["templates"]["minors_rules"].update(before=True), "every year"),
    ],
)
def test_a_mistake_in_the_templates_is_named(
    tmp_path: Path,
    break_: Callable[[dict[str, dict[str, dict[str, list[str]]]]], object],
    named: str,
) -> None:
    said = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    break_(said)
    file = tmp_path / "duty_templates.yaml"
    file.write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")

    with pytest.raises(ConfigError) as refused:
        template_catalogue.parse(file)

    assert any(named in problem for problem in refused.value.problems)


EVERYTHING = (
    "is_ciio",
    "is_platform",
    "ecommerce",
    "genai",
    "anthropomorphic",
    "credit",
    "minors_service",
    "important_data",
)
MANY = {"persons": 20_000_000, "sensitive_persons": 1, "californians": 20_000_000}


@pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("people", "lacks"), [(MANY, "regular_audit"), ({"persons": 1}, "")])
def test_every_section_of_every_duty_is_in_the_document(
    stated: Callable[..., House], language: str, people: dict[str, int], lacks: str
) -> None:
    large = {"decided": True, "by": "the board", "on": date(2026, 1, 1)}
    flags = dict.fromkeys(EVERYTHING, True) if lacks else {}
    house = stated(**people, **flags, is_large_platform=large)
    dora = clerk(house, "dora", "dpo")
    forms = dora.get("/organisation").forms
    offered = {f.action.split("/")[-2] for f in forms if f.action.endswith("/document")}

    assert not lacks or offered == catalogue().keys() - {lacks}
    assert lacks or "regular_audit" in offered
    for code in offered:
        made = dora.force(f"/organisation/{code}/document", language=language)
        assert made.status == 200, code
        text = _text(made)
        for part in templates()[code].parts:
            source = part.source or catalogue()[code].citation
            for said in (part.title, part.write, source):
                assert said[language] in text, (code, part.code)
        assert "<script" not in made.html


@pytest.mark.parametrize(("language", "total"), [("en", "In all"), ("zh-CN", "合计")])
def test_a_document_holds_the_figures_of_its_period_and_no_others(
    school: House, language: str, total: str
) -> None:
    now = school.clock.at
    school.clock.at = datetime(2026, 3, 1, tzinfo=UTC)
    school.asserted("copy")
    school.asserted("access")
    school.clock.at = now
    school.asserted("deletion")

    made = _taken(school, "minors_audit", language, "2026-12-31")

    assert made.response.headers["Content-Disposition"] == (
        f'attachment; filename="minors_audit-2026-01-01-2026-12-31.{language}.html"'
    )
    (entry,) = entries(school, "duty_template_made")
    wanted = Wanted("figures", period.year(2026, making.zone_of(school.context)))
    report = making.work_out(school.engine, school.context, wanted, now=now)
    assert report is not None
    assert entry.data == {
        "duty": "minors_audit",
        "due": "2026-12-31",
        "from": "2026-01-01",
        "to": "2026-12-31",
        "language": language,
        "sha256": report.sha256(),
    }
    (line,) = next(t for t in report.tables if t.name == "total").rows
    assert line.values["received"] == 2
    labels = Labels(language, school.context.regimes)
    words = labels.words
    table = next(t for t in report.tables if t.name == "total")
    head = labels.columns(table)
    html = made.html.partition(f"<h3>{words.say('tables', 'total')}</h3>")[2]
    cells = re.findall(r"<td>(.*?)</td>", html.partition("</table>")[0])
    assert dict(zip(head, cells, strict=True))[words.say("columns", "received")] == "2"
    assert "2,000,000" in _text(made), "the profile's own figures"
    assert report.sha256() in _text(made)
    assert total in words.say("tables", "total")


def test_what_was_done_before_stands_in_the_next_document(school: House) -> None:
    dora = clerk(school, "dora", "dpo")
    page = dora.get("/organisation")
    done = "/organisation/minors_audit/2026-12-31/done"
    dora.reader.send(page, done, on="2027-01-20", reference="audit/2026/7 <b>")

    made = dora.force(MINORS, language="en", due="2027-12-31")

    assert "audit/2026/7 &lt;b&gt;" in made.html
    assert "January 20, 2027" in _text(made)
    assert "The period is not over" in _text(made)
    before = dora.force(MINORS, language="en", due="2026-12-31")
    assert "Nothing is marked as done before this." in _text(before)


def test_of_a_time_the_register_does_not_know_there_are_no_figures_and_why(school: House) -> None:
    school.clock.at += timedelta(days=1200)

    made = _taken(school, "minors_audit", "en", "2026-12-31")

    assert made.status == 200
    assert "The register has no figures of this period. There are some of these days:" in _text(
        made
    )
    assert entries(school, "duty_template_made")[0].data["sha256"] == ""


def test_stores_and_recipients_of_the_data_map_are_filled_in(stated: Callable[..., House]) -> None:
    house = stated(persons=20_000_000)

    made = _taken(house, "compliance_audit", "en")

    assert _row(made.html, "Where data lies", "shop")
    assert (
        len(house.context.datamap.stores)
        == made.html.partition("<h3>Where data lies</h3>")[2].partition("</table>")[0].count("<tr>")
        - 1
    )


def test_who_may_make_no_reports_is_offered_none_and_refused(school: House) -> None:
    rui, otto = clerk(school, "rui", "reviewer"), clerk(school, "otto", "auditor")

    assert [f for f in rui.get("/organisation").forms if f.action.endswith("/document")] == []
    assert rui.force(MINORS, language="en").status == 403
    assert otto.force(MINORS, language="en").status == 200
    assert otto.force(MINORS, language="fr").status == 422
    assert otto.force(MINORS, language="en", due="x").status == 422
    assert otto.force(MINORS, language="en", due="2031-12-31").status == 404
    assert otto.force("/organisation/genai_requests/document", language="en").status == 404
    assert len(entries(school, "duty_template_made")) == 1
