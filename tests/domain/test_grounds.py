"""The grounds of deletion, looked at for every item against what it rests on."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from rights.domain.datamap import Collection, DataMap, Field, Purpose, Retention
from rights.domain.grounds import (
    GDPR,
    OF_TRIGGER,
    PIPL,
    Facts,
    Ground,
    Item,
    Trigger,
    evaluated,
    judged,
    needed,
    touched,
)
from rights.domain.kinds import Kind

RUNNING = Facts(Kind.DELETION, running=frozenset({"shop"}))
BASES = {
    "contract": Item(frozenset({"contract"}), frozenset({"shop"})),
    "another contract": Item(frozenset({"contract"}), frozenset({"club"})),
    "consent": Item(frozenset({"consent:ads"}), frozenset({"ads"})),
    "consent and contract": Item(
        frozenset({"consent:ads", "contract"}), frozenset({"ads", "shop"})
    ),
    "legal obligation": Item(frozenset({"legal_obligation"}), frozenset({"tax"}), dated=True),
    "legitimate interest": Item(frozenset({"legitimate_interest"})),
    "public disclosure": Item(frozenset({"public_disclosure"})),
    "nothing said": Item(frozenset({""})),
    "public": Item(frozenset({"legitimate_interest"}), public=True),
}
PURPOSE, SERVICE, CONSENT = (
    Ground.PURPOSE_ACHIEVED,
    Ground.SERVICE_ENDED,
    Ground.CONSENT_WITHDRAWN,
)
OTHER, OBJECTION, CHILD = Ground.OTHER, Ground.OBJECTION, Ground.CHILD_SERVICE
ASKED: dict[str, set[Ground]] = {
    "contract": set(),
    "another contract": {PURPOSE},
    "consent": {PURPOSE, CONSENT},
    "consent and contract": set(),
    "legal obligation": {PURPOSE},
    "legitimate interest": {PURPOSE},
    "public disclosure": {PURPOSE},
    "nothing said": {PURPOSE},
    "public": {PURPOSE},
}


def _found(item: Item, facts: Facts) -> set[Ground]:
    whole = evaluated(item, facts)
    assert set(whole) == facts.known  # nothing is left out of the record
    return {ground for ground, applies in whole.items() if applies}


@pytest.mark.requirement("R-P47-1")
@pytest.mark.parametrize("basis", BASES)
def test_a_person_names_no_ground_and_each_is_looked_at_for_each_basis(basis: str) -> None:
    item, minor = BASES[basis], Facts(Kind.DELETION, running=RUNNING.running, minor=True)
    cancelling = Facts(Kind.ACCOUNT_CANCELLATION, running=RUNNING.running)
    at_rest = Facts(Kind.DELETION)

    assert _found(item, RUNNING) == ASKED[basis]
    assert _found(item, minor) == ASKED[basis] | {OTHER}
    assert SERVICE in _found(item, cancelling) and PURPOSE in _found(item, cancelling)
    assert PURPOSE in _found(item, at_rest)


@pytest.mark.requirement("R-P47-1")
@pytest.mark.parametrize(("basis", "trigger"), list(product(BASES, Trigger)))
def test_a_trigger_is_a_ground_for_what_it_is_about_and_for_nothing_else(
    basis: str, trigger: Trigger
) -> None:
    item, facts = BASES[basis], Facts(Kind.DELETION, trigger, frozenset({"ads"}))
    about = {
        Trigger.CONSENT_WITHDRAWN: basis == "consent",
        Trigger.UNCONSENTED_COLLECTION: basis == "consent",
        Trigger.SERVICE_ENDED: basis == "consent",
        Trigger.RETENTION_EXPIRED: False,
        Trigger.PUBLIC_INFO_REFUSED: basis == "public",
    }[trigger]

    assert _found(item, facts) == ({OF_TRIGGER[trigger]} if about else set())


_WEIGHED = {"legitimate interest", "public"}


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("named", ["", *GDPR])
def test_under_the_gdpr_each_of_its_grounds_is_looked_at_for_each_basis(
    basis: str, named: str
) -> None:
    item = BASES[basis]
    facts = replace(RUNNING, named=named, known=GDPR)
    objects = {OBJECTION} if named == OBJECTION and basis in _WEIGHED else set()
    child = {CHILD} if basis == "consent" else set()

    assert _found(item, facts) == ASKED[basis] | objects
    assert _found(item, replace(facts, child=True)) == ASKED[basis] | objects | child


@pytest.mark.parametrize(("basis", "trigger"), list(product(BASES, Trigger)))
def test_what_nobody_asks_for_goes_under_the_gdpr_as_under_every_law(
    basis: str, trigger: Trigger
) -> None:
    item, facts = BASES[basis], Facts(Kind.DELETION, trigger, frozenset({"ads"}))

    assert bool(_found(item, replace(facts, known=GDPR))) == bool(_found(item, facts))


@pytest.mark.parametrize("basis", BASES)
def test_of_two_laws_a_ground_of_either_is_one(basis: str) -> None:
    item, facts = BASES[basis], replace(RUNNING, minor=True, child=True, named=OBJECTION)
    found = {known: _found(item, replace(facts, known=known)) for known in (PIPL, GDPR)}

    both = _found(item, replace(facts, known=PIPL | GDPR))

    assert both == found[PIPL] | found[GDPR]


def test_a_trigger_without_purposes_is_about_all_that_it_can_be_about() -> None:
    def about(trigger: Trigger) -> set[str]:
        return {name for name, item in BASES.items() if _found(item, Facts(Kind.DELETION, trigger))}

    assert about(Trigger.SERVICE_ENDED) == set(BASES)
    assert about(Trigger.RETENTION_EXPIRED) == {"legal obligation"}
    assert about(Trigger.UNCONSENTED_COLLECTION) == {"consent"}
    assert about(Trigger.CONSENT_WITHDRAWN) == set()
    assert about(Trigger.PUBLIC_INFO_REFUSED) == {"public"}


def test_data_that_two_consents_carry_stays_until_both_are_taken_back() -> None:
    item = Item(frozenset({"consent:ads", "consent:model"}))

    def gone(*purposes: str) -> bool:
        facts = Facts(Kind.DELETION, Trigger.CONSENT_WITHDRAWN, frozenset(purposes))
        return bool(_found(item, facts))

    assert (gone("ads"), gone("model"), gone("ads", "model")) == (False, False, True)


def test_what_a_running_contract_needs_is_what_serves_it_on_that_basis() -> None:
    assert needed(BASES["contract"], RUNNING)
    assert not needed(BASES["contract"], Facts(Kind.DELETION))
    assert not needed(Item(frozenset({"legitimate_interest"}), frozenset({"shop"})), RUNNING)


def test_a_row_stays_when_any_of_it_is_needed_and_loses_the_rest() -> None:
    purposes = {
        "shop": Purpose("shop", {}, "contract"),
        "ads": Purpose("ads", {}, "consent"),
    }
    mixed = Collection(
        "s",
        "users",
        fields=(
            Field("address", "contact", purposes=("shop",), basis="contract"),
            Field("taste", "profile", purposes=("ads",), basis="consent:ads"),
        ),
    )
    clicks = Collection("s", "clicks", basis="consent:ads", purposes=("ads",))
    tax = Collection(
        "s", "tax", basis="legal_obligation", retention=Retention("5y", "at", "Tax", "law")
    )
    datamap = DataMap((), {}, purposes)

    kept = judged(mixed, datamap, RUNNING)
    assert (kept.whole, kept.fields) == (False, ("taste",))
    assert judged(mixed, datamap, Facts(Kind.DELETION)).whole
    gone = Facts(Kind.DELETION, Trigger.CONSENT_WITHDRAWN, frozenset({"ads"}))
    assert judged(clicks, datamap, gone).whole
    assert judged(mixed, datamap, gone).fields == ("taste",)
    untouched = judged(tax, datamap, gone)
    assert (untouched.whole, untouched.fields) == (False, ())
    assert touched(datamap, gone) == {}
