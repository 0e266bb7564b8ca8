"""Which clocks an incident starts: the table that the facts of the catalogue make."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rights.domain.incident_clocks import Incident, IncidentKind, Operator, Severity, clocks
from rights.services.security_incidents import facts
from rights.services.words import LANGUAGES

AT = datetime(2026, 11, 2, 8, 30, tzinfo=UTC)
CN = frozenset({"cn_general"})
LEAK, NETWORK = IncidentKind.LEAK, IncidentKind.NETWORK


def _starts(
    kind: IncidentKind = NETWORK,
    severity: Severity = Severity.ORDINARY,
    operator: Operator = Operator.OTHER,
    *,
    endangers: bool = False,
    minors: bool = False,
    regimes: frozenset[str] = CN,
) -> dict[str, int]:
    one = Incident(kind, severity, operator, endangers, minors, regimes)
    return {c.name: (c.due_at - AT) // timedelta(hours=1) for c in clocks(facts.rules(), one, AT)}


@pytest.mark.requirement("R-10-1")
@pytest.mark.parametrize(
    ("found", "hours"),
    [
        (_starts(), {}),
        (_starts(endangers=True), {"ndsr_10": 24}),
        (_starts(IncidentKind.VULNERABILITY, endangers=True), {"ndsr_10": 24}),
        (_starts(severity=Severity.CONSIDERABLE), {"network_4h": 4}),
        (_starts(severity=Severity.GRAVE, endangers=True), {"network_4h": 4, "ndsr_10": 24}),
        (_starts(severity=Severity.MAJOR, operator=Operator.CII), {"cii_1h": 1}),
        (
            _starts(severity=Severity.MAJOR, operator=Operator.CENTRAL_STATE_ORGAN),
            {"state_organ_2h": 2},
        ),
        (_starts(operator=Operator.CII), {}),
        (
            _starts(severity=Severity.CONSIDERABLE, operator=Operator.CII_ADJACENT),
            {"adjacent_1h": 1},
        ),
        (_starts(LEAK), {"pipl_57": 0}),
        (_starts(IncidentKind.ALTERATION), {"pipl_57": 0}),
        (_starts(IncidentKind.LOSS, minors=True), {"pipl_57": 0, "minors_35": 0}),
        (_starts(LEAK, regimes=frozenset({"eu_gdpr"})), {"gdpr_33": 72}),
        (_starts(LEAK, regimes=CN | {"uk_gdpr"}), {"pipl_57": 0, "gdpr_33": 72}),
        (_starts(regimes=frozenset({"eu_gdpr"}), endangers=True), {}),
    ],
)
def test_an_incident_starts_the_clocks_of_what_it_is(
    found: dict[str, int], hours: dict[str, int]
) -> None:
    assert found == hours


def test_the_clock_that_is_over_first_stands_first() -> None:
    found = _starts(LEAK, Severity.GRAVE, endangers=True, regimes=CN | {"eu_gdpr"})

    assert list(found.values()) == [0, 4, 24, 72]


def test_every_code_has_a_title_in_both_languages_and_every_clock_a_source() -> None:
    codes = {"kinds": IncidentKind, "severities": Severity}
    for part, known in codes.items():
        assert set(facts.titles(part)) == {str(one) for one in known}
    said = [title for part in (*codes, "elements") for title in facts.titles(part).values()]
    said += [facts.clock(rule.name)[name] for rule in facts.rules() for name in ("title", "to")]
    assert [one for one in said if set(one) != set(LANGUAGES)] == []
    assert [rule.name for rule in facts.rules() if not facts.clock(rule.name)["source"]] == []
