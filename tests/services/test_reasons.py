"""The catalogue of reasons: what can be denied under which law, by whom, and what is told."""

from __future__ import annotations

import re
from itertools import product

import pytest

from rights.domain.duties import MAY, Act
from rights.domain.kinds import Kind
from rights.services import remedies
from rights.services.reasons import catalogue, family, for_denying, told
from rights.services.regimes import regimes

_DRP = {
    "suspected_fraud", "insuf_verification", "no_match", "claim_not_covered",
    "outside_jurisdiction", "too_many_requests", "other",
}  # fmt: skip
_DENYING = {code: reason for code, reason in catalogue().items() if reason.deny}
_SECRET = ("secrecy_by_law", "state_duty_obstruction")

# Worked out by hand from the catalogue of the law: kind, law, every reason there is.
_CELLS = [
    ("access", ["cn_general"], {"not_identifiable", "identity_unverified",
                                "deceased_arrangement", *_SECRET}),
    ("access", ["us_ca"], {"manifestly_unfounded_or_excessive"}),
    ("copy", ["uk_gdpr"], {"not_identifiable", "identity_unverified", "secrecy_by_law",
                           "manifestly_unfounded_or_excessive", "disproportionate"}),
    ("deletion", ["cn_general"], {"not_identifiable", "identity_unverified", "no_ground",
                                  "still_necessary_contract", "deceased_arrangement"}),
    ("deletion", ["us_ca"], {"not_identifiable", "identity_unverified",
                             "manifestly_unfounded_or_excessive"}),
    ("deletion", ["cn_general", "us_ca"], {"not_identifiable", "identity_unverified"}),
    ("portability", ["cn_ecommerce"], {"not_identifiable", "identity_unverified",
                                       "not_consent_or_contract_data",
                                       "outbound_condition_missing", "important_or_core_data"}),
    ("restriction", ["eu_gdpr"], {"not_identifiable", "no_ground", "overriding_grounds",
                                  "manifestly_unfounded_or_excessive"}),
    ("deletion", ["eu_gdpr"], {"not_identifiable", "identity_unverified", "no_ground",
                               "still_necessary_contract", "manifestly_unfounded_or_excessive",
                               "overriding_grounds", "freedom_of_expression", "public_health",
                               "kept_by_legal_obligation", "archiving_or_research",
                               "legal_claims"}),
    ("deletion", ["br_lgpd"], {"not_identifiable", "identity_unverified", "no_ground",
                               "kept_by_legal_obligation", "archiving_or_research"}),
    ("deletion", ["br_lgpd", "eu_gdpr"], {"not_identifiable", "identity_unverified", "no_ground",
                                          "kept_by_legal_obligation", "archiving_or_research"}),
    ("deletion", ["eu_gdpr", "cn_general"], {"not_identifiable", "identity_unverified",
                                             "no_ground", "still_necessary_contract"}),
    ("account_cancellation", ["cn_minor"], {"identity_unverified"}),
    ("explanation", ["cn_general"], set(_SECRET)),
    ("explanation", ["eu_gdpr", "cn_general"], {"secrecy_by_law"}),
    ("consent_withdrawal", ["cn_general"], set()),
    ("recommendation_opt_out", ["cn_general"], set()),
    ("deletion", [], set()),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "laws", "wanted"), _CELLS)
def test_a_kind_can_be_denied_for_what_every_law_of_it_allows(
    kind: str, laws: list[str], wanted: set[str]
) -> None:
    assert set(for_denying(Kind(kind), laws)) == wanted


@pytest.mark.parametrize(("name", "kind"), list(product(sorted(regimes()), Kind)))
def test_a_regime_more_never_adds_a_reason(name: str, kind: Kind) -> None:
    alone = set(for_denying(kind, [name]))

    assert all(set(for_denying(kind, [name, other])) <= alone for other in regimes())


@pytest.mark.parametrize("name", sorted(regimes()))
def test_stopping_what_somebody_agreed_to_or_is_recommended_cannot_be_denied(name: str) -> None:
    assert for_denying(Kind.CONSENT_WITHDRAWAL, [name]) == ()
    assert for_denying(Kind.RECOMMENDATION_OPT_OUT, [name]) == ()


@pytest.mark.parametrize(
    "code",
    ["too_much_work", "too_old", "company_policy", "ask_the_other_company",
     "you_agreed_to_terms", "other_person", "held", "infeasible"],
)  # fmt: skip
def test_what_is_no_ground_or_only_one_for_a_part_denies_nothing(code: str) -> None:
    assert [
        (name, kind) for name in regimes() for kind in Kind if code in for_denying(kind, [name])
    ] == []


@pytest.mark.parametrize("code", sorted(_DENYING))
def test_every_reason_for_a_denial_is_whole(code: str) -> None:
    reason, laws = _DENYING[code], {family(name) for name in regimes()}

    assert {law for _, law in reason.deny} <= laws
    assert reason.by
    assert reason.by <= MAY[Act.DENY]
    assert reason.drp in _DRP
    for law in {law for _, law in reason.deny}:
        (basis,) = reason.bases([f"{law}_any"])
        assert basis["zh"]
        assert basis["en"]


def test_what_must_stay_secret_is_told_in_words_that_tell_nothing_apart() -> None:
    assert {told(code) for code in _SECRET} == {"neutral_refusal"}
    assert all(catalogue()[code].cites for code in _SECRET)
    neutral = catalogue()["neutral_refusal"]
    assert not neutral.deny  # nobody denies with it: it only stands in the place of others
    words = [
        *neutral.texts.values(),
        *(law for one in neutral.basis.values() for law in one.values()),
    ]
    assert not [word for word in words if re.search("保密|国家机关|secre|organ|18|35", word)]


def test_every_way_out_that_a_regime_names_has_words_and_a_time_in_both_languages() -> None:
    named = {
        code
        for regime in regimes().values()
        for clock in regime.clocks.values()
        for code in clock.denial.remedies
    }

    assert named == set(remedies.words())
    for said in remedies.words().values():
        assert all((said["zh"], said["en"], said["time"]["zh"], said["time"]["en"]))


def test_every_clock_of_every_regime_names_a_way_out() -> None:
    assert [
        (name, key)
        for name, regime in regimes().items()
        for key, clock in regime.clocks.items()
        if not clock.denial.remedies
    ] == []
