"""The console's role suffices to handle a security incident."""

from __future__ import annotations

from rights.services.security_incidents import facts
from rights.services.words import LANGUAGES
from rights.store.models import IncidentLetter, SecurityIncident
from tests.architecture.desk import Office
from tests.architecture.test_deploy_console import _did
from tests.web.console.clerk import id_of


def test_incidents_are_handled_with_the_consoles_role(office: Office) -> None:
    made = office.asserted()
    office.house.clock.forward(hours=1)
    ana, zone = office.clerk("ana"), office.house.context.regimes["cn_general"].counting.zone
    now = office.house.clock.now().astimezone(zone).strftime("%Y-%m-%dT%H:%M")
    _did(ana.force("/incidents", kind="leak", severity="major", discovered_at=now))
    incident = office.only(SecurityIncident).id
    here = f"/incidents/{incident}"

    when = {"since": "2020-01-01T00:00", "until": now}
    for by in ("", f"backend:{office.house.partner.id}", f"staff:{id_of(office.console, 'ana')}"):
        _did(ana.force(f"{here}/scope", by=by, **when))
        _did(ana.force(f"{here}/count"))
        file = _did(ana.force(f"{here}/touched.jsonl"))
        whom = _did(ana.force(f"{here}/people.csv"))
        assert (made in whom.html) is (made in file.html)
        assert (made in file.html) is (by != f"staff:{id_of(office.console, 'ana')}")
    _did(ana.force(f"{here}/clocks/pipl_57", reference="CAC-1"))
    letter = {f"{n}.{at}": "x" for n in facts.titles("elements") for at in LANGUAGES}
    _did(ana.force(f"{here}/letter", **letter))
    _did(ana.get(here))
    _did(ana.get("/incidents"))
    _did(ana.get("/"))
    _did(ana.force(f"{here}/close", because="Nothing left the house."))

    assert office.only(SecurityIncident).closed_at is not None
    assert len(office.rows(IncidentLetter)) == 1
