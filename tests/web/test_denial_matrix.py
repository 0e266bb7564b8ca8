"""Every reason against every kind under every law: denied with a letter, or refused untouched."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from sqlmodel import Session, SQLModel, select

import rights
from rights.domain.errors import Invalid
from rights.domain.kinds import Kind, default_option
from rights.domain.levels import Acr
from rights.domain.representation import Role
from rights.services import (
    beforehand,
    by_category,
    catalogue,
    denial_letter,
    denial_proposals,
    intake,
    points,
    reasons,
    requests,
    subjects,
)
from rights.services.denials import Said
from rights.services.regimes import regimes
from rights.store.models import Notice, PlanRow, Request, Staff
from tests.denying import denied
from tests.web.house import ALICE, House
from tests.workflows.desk import html_of, text_of
from workflows.embedded.smtp import Sink
from workflows.notices.send import send_due

CATALOGUE: Final[Mapping[str, Any]] = yaml.safe_load(
    (Path(rights.__file__).parent / "catalogue" / "reasons.yaml").read_text(encoding="utf-8")
)
ALLOWED: Final = {
    (code, kind, law)
    for code, said in CATALOGUE.items()
    for line in said.get("deny", ())
    for kind in line["kinds"]
    for law in line["laws"]
}
"""Read anew from the file, so that the product's own reading of it is put to the test."""

CODES: Final = (*CATALOGUE, "", " ", "too_much_work", "fee_unpaid", "NO_GROUND", "no_ground ")
FACTS: Final = "订单 88 尚未完成。"
WAYS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "cn": {
        "zh-CN": ("人民法院提起诉讼（《个人信息保护法》第五十条）", "投诉、举报"),
        "en": ("people's court (PIPL, Art. 50)", "complain to the authority"),
    },
    "eu": {"zh-CN": ("监管机构投诉", "司法救济"), "en": ("supervisory authority", "go to court")},
    "uk": {"zh-CN": ("监管机构投诉", "司法救济"), "en": ("supervisory authority", "go to court")},
    "us": {
        "zh-CN": ("加利福尼亚州隐私保护局", "总检察长"),
        "en": ("California Privacy Protection Agency", "Attorney General of California"),
    },
    "br": {"zh-CN": ("（ANPD）", "司法救济"), "en": ("(ANPD)", "go to court")},
}


@pytest.fixture
def register_url(_migrated_file: Path, tmp_path: Path) -> str:
    file = tmp_path / "register.db"
    shutil.copy(_migrated_file, file)
    return f"sqlite:///{file}"


@pytest.fixture
def house(furnished: Callable[..., House], smtp_sink: Sink) -> House:
    return furnished(smtp_host=smtp_sink.host, smtp_port=smtp_sink.port)


@pytest.fixture
def staff(house: House) -> Staff:
    """Somebody who may deny with every reason there is."""
    roles = ["approver", "verifier", "legal", "dpo"]
    with house.writing() as session:
        one = Staff(name="ana", roles=roles, created_at=house.clock.now())
        session.add(one)
        session.flush()
        session.expunge(one)
    return one


def _asked(session: Session, house: House, kind: Kind, regime: str, code: str, locale: str) -> str:
    """Take in what a fully proved person asks; return its id."""
    new = intake.Submission(
        kind=kind,
        option=default_option(kind),
        identifiers=(who := subjects.cleaned(house.context.datamap, ALICE)),
        attested=frozenset(who),
        acr=Acr.REAL_NAME,
        level_cap=3,
        parameters={"categories": ["contact"]} if kind is Kind.COPY else {},
        operator=True,
        backend_id=house.partner.id,
        regimes=(regime,),
        locale=locale,
        stranger=True,
    )
    request, _ = intake.submit(session, house.context, new, now=house.clock.now())
    if code == by_category.UNVERIFIED:
        request.level = 0
    if code == "deceased_arrangement":
        request.requester_role = Role.CLOSE_RELATIVE
    looked = {"grounds": {"shop.users": {"purpose_achieved": False, "other": False}}}
    given: dict[str, Any] = dict.fromkeys(("config_hash", "schema_hash", "hash"), "")
    at = house.clock.now()
    session.add(PlanRow(request_id=request.id, body=looked, created_at=at, **given))
    return request.id


def _rows(house: House) -> dict[str, list[str]]:
    with house.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(table.select())))
            for table in SQLModel.metadata.sorted_tables
        }


def _cells(regime: str) -> Iterator[tuple[Kind, list[str], list[str]]]:
    """Return each kind with the codes that deny it under this law, and all others."""
    law = regime.partition("_")[0]
    for kind in Kind:
        mine = [code for code in CODES if (code, str(kind), law) in ALLOWED]
        yield kind, mine, [code for code in CODES if code not in mine]


def test_the_matrix_has_what_the_law_is_known_for() -> None:
    assert {law for _, _, law in ALLOWED} == set(WAYS)
    assert {name.partition("_")[0] for name in regimes()} == set(WAYS)
    assert not [cell for cell in ALLOWED if cell[0] == "trade_secret" and cell[1] == "deletion"]
    assert not [cell for cell in ALLOWED if cell[0] == "fee_unpaid"]
    never = {"consent_withdrawal", "recommendation_opt_out"}
    assert not [cell for cell in ALLOWED if cell[1] in never]


@pytest.mark.requirement("R-P50-1", "R-P50-1:bad")
@pytest.mark.parametrize("regime", sorted(regimes()))
def test_what_is_no_reason_for_a_kind_under_a_law_is_refused_and_changes_nothing(
    house: House, staff: Staff, regime: str
) -> None:
    for kind, mine, others in _cells(regime):
        with house.writing() as session:
            request_id = _asked(session, house, kind, regime, "", "en")
        before = _rows(house)
        for code in others:
            with pytest.raises(Invalid) as refused, house.writing() as session:
                request = requests.locked(session, request_id)
                given, now = Said(code, FACTS), house.clock.now()
                denial_proposals.propose(session, house.context, request, staff, given, now=now)
            (wrong,) = refused.value.errors
            assert (wrong.field, set(wrong.allowed)) == ("reason", set(mine)), (kind, code)
        assert _rows(house) == before, kind


@pytest.mark.requirement("R-P50-1")
@pytest.mark.parametrize("regime", sorted(regimes()))
def test_every_reason_that_is_one_gives_a_letter_with_law_and_ways_out_in_both_languages(
    house: House, staff: Staff, smtp_sink: Sink, regime: str
) -> None:
    cells = [(kind, code) for kind, mine, _ in _cells(regime) for code in mine]
    made = {
        _denied(house, staff, kind, regime, code, locale): (kind, code, locale)
        for kind, code in cells
        for locale in ("zh-CN", "en")
    }

    while send_due(house.engine, house.context, house.clock.now):
        pass

    assert made
    ways = WAYS[regime.partition("_")[0]]
    letters = [text_of(mail) + _plain(html_of(mail)) for mail in smtp_sink.messages]
    for request_id, (kind, code, locale) in made.items():
        with house.reading() as session:
            row = session.get_one(Request, request_id)
            page = denial_letter.document(session, house.context, row)
        reason = CATALOGUE[_told(code)]["zh" if locale == "zh-CN" else "en"]
        # What is the case is told to nobody who might be somebody else, nor where a law forbids it.
        untold = code == by_category.UNVERIFIED or _told(code) != code
        wanted = (*ways[locale], reason, *(() if untold else (FACTS,)))
        refused = (*wanted, *_refused(kind, locale))
        assert [words for words in refused if words not in _plain(page)] == [], (kind, code)
        assert (FACTS in _plain(page)) is not untold, (kind, code)
        if code == "deceased_arrangement":  # it goes to the relative, whom this test does not have
            continue
        own = [one for one in letters if request_id in one and ways[locale][0] in one]
        assert own, (kind, code, locale)
        assert [words for words in wanted if words not in own[0]] == [], (kind, code)


def _refused(kind: Kind, locale: str) -> tuple[str, ...]:
    """Return what was refused, in words: the kind with its option, and of which data."""
    said = catalogue.words()["kinds"][kind]
    asked = f"{said['title'][locale]}: {said['options'][default_option(kind)][locale]}"
    part = {"en": "Contact details", "zh-CN": "联系方式"}[locale]
    return (asked, part) if kind is Kind.COPY else (asked,)


def _denied(house: House, staff: Staff, kind: Kind, regime: str, code: str, locale: str) -> str:
    now = house.clock.now()
    with house.writing() as session:
        request_id = _asked(session, house, kind, regime, code, locale)
    with house.writing() as session:
        request = requests.locked(session, request_id)
        if regime in ("eu_gdpr", "uk_gdpr"):
            _before(session, house, request, staff, code)
        said = Said(code, FACTS, law="《反洗钱法》第七条", rank="law")
        denied(session, house.context, request, staff, said, now=now)
    with house.reading() as session:
        row = session.exec(select(Request).where(Request.id == request_id)).one()
        assert (str(row.state), row.reason) == ("denied", _told(code))
    return request_id


def _before(session: Session, house: House, request: Request, staff: Staff, code: str) -> None:
    """Let what the GDPR wants told, or asked, before some denials have happened last week."""
    then = house.clock.now() - beforehand.FAIR
    if code == beforehand.REASON:
        beforehand.indicate(session, house.context, request, staff, "Too often.", now=then)
    if code == beforehand.UNKNOWN:
        points.tell(session, request, ["identify_1"], now=then)
    if code in (beforehand.REASON, beforehand.UNKNOWN):
        for letter in session.exec(select(Notice).where(Notice.request_id == request.id)).all():
            letter.state, letter.sent_at, letter.next_at = "sent", then, None


def _told(code: str) -> str:
    return str(CATALOGUE[code].get("told_as", code))


def _plain(html: str) -> str:
    text = re.sub(r"<[^>]+>", " ", html)
    return text.replace("&#x27;", "'").replace("&#39;", "'").replace("&amp;", "&")


def test_what_may_be_said_of_a_part_may_be_said_of_the_whole_or_of_a_step() -> None:
    for code, one in reasons.catalogue().items():
        assert one.leave_out or one.partly <= one.deny, code
