"""What somebody arranges in their lifetime about what relatives may ask for. Source: PIPL 49."""

from __future__ import annotations

from typing import Any

from flask import request as call
from werkzeug import Response

from rights.domain.levels import level
from rights.domain.representation import Role
from rights.services import arrangements, catalogue
from rights.services.portal import Person
from rights.store.db import reading, transaction
from rights.web.parts import parts
from rights.web.portal import door, pages

area = door.private("arranging")
pages.errors(area)


@area.get("/arrangement")
def arrangement() -> Response:
    """Show what is arranged, and room for something else."""
    who = door.person()
    with reading(parts().engine) as session:
        blinds = arrangements.blinds_of(parts().context, _own(who))
        row = arrangements.latest(session, blinds)
    shown = arrangements.shown(row)
    words = pages.said()
    told = catalogue.words()["kinds"]
    return pages.page(
        "arrangement.html",
        version=shown["version"],
        since=pages.day(row.at) if row else "",
        kinds=[
            (name, words.either(told[name]["title"]), _rows(shown["rules"], name))
            for name in arrangements.KINDS
        ],
        strong=_proved(who) >= arrangements.LEVEL,
    )


def _rows(rules: dict[str, Any], kind: str) -> list[tuple[str, str, bool]]:
    """Return each relative with its words and whether this kind is denied to them."""
    words = pages.said()
    return [
        (one, words.say("relations", one), arrangements.forbids(rules, kind, one))  # type: ignore[arg-type]  # a kind's value is its name
        for one in arrangements.RELATIVES
    ]


@area.post("/arrangement")
def record() -> Response:
    """Write down what relatives may not have; the rest they may."""
    who, here = door.person(), parts()
    rules = {
        kind: {
            one: arrangements.DENY if call.form.get(f"deny.{kind}.{one}") else arrangements.ALLOW
            for one in arrangements.RELATIVES
        }
        for kind in arrangements.KINDS
    }
    with transaction(here.engine) as session:
        arrangements.record(
            session,
            here.context,
            who.backend_id,
            _own(who),
            rules,
            level=_proved(who),
            channel="portal",
            now=here.now(),
        )
    return pages.go("portal-arranging.arrangement")


def _own(who: Person) -> dict[str, str]:
    """Return what the product vouches for; a guardian's wish is not the child's."""
    if who.role is not Role.SELF:
        return {}
    return {name: who.identifiers[name] for name in who.attested}


def _proved(who: Person) -> int:
    if not _own(who):
        return 0
    return level(door.visit().vouched(parts().now()), (), cap=door.caller().level_cap)
