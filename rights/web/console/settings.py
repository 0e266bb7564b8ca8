"""Settings that may be changed while everything runs, and changes that wait for a second admin."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from flask import request as call
from sqlmodel import Session
from werkzeug import Response

from rights.domain.duties import Act
from rights.domain.errors import RightsError
from rights.domain.settable import COLOUR, COUNT, Settable, Value
from rights.services.context import Context
from rights.services.live_settings import catalogue, changing, values
from rights.services.live_settings.changing import Standing
from rights.services.organisation import profile_defaults
from rights.services.staff_access import accounts
from rights.store.db import reading
from rights.store.models import SettingProposal, Staff
from rights.web.console import door, pages, showing
from rights.web.console.trying import status_of, tried
from rights.web.parts import parts

area = door.private("settings", Act.CHANGE_SETTINGS)
pages.errors(area)


@area.get("/settings")
def listed() -> Response:
    """Show every one with its bounds, what they rest on, and where its value comes from."""
    return _shown()


def _shown(status: int = 200, *, wrong: list[str] | None = None) -> Response:
    here = parts()
    with reading(here.engine) as session:
        found = changing.standings(session, here.context)
        waits, names = changing.waiting(session), accounts.names(session)
    lines = [_line(one, names) for one in found]
    groups = dict.fromkeys(one.setting.group for one in found)
    return pages.page(
        "settings.html",
        status,
        flag=profile_defaults.flag_of(here.context.profile),
        started=[*_started(here.context)],
        groups=[(one, [line for line in lines if line["group"] == one]) for one in groups],
        waiting=[_proposal(one, names) for one in waits],
        longest=changing.LONGEST,
        wrong=wrong or [],
    )


def _line(one: Standing, names: Mapping[str, str]) -> dict[str, Any]:
    w, setting, row = pages.said(), one.setting, one.row
    by, when = row.changed_by if row else "", row.changed_at if row else None
    who = showing.who(f"staff:{by}", names) if by else ""
    agreed = showing.who(f"staff:{row.agreed_by}", names) if row and row.agreed_by else ""
    return {
        "name": setting.name,
        "group": setting.group,
        "title": w.either(setting.title),
        "about": w.either(setting.about),
        "value": one.value,
        "shown": _value(setting, one.value),
        "default": _value(setting, one.default),
        "bounds": w.listed(list(setting.bounds)),
        "law": f"{setting.source} [{setting.requirement}]",
        "stated": _stated(setting),
        "looser": _looser(setting, one.value),
        "protects": setting.protects,
        "origin": one.origin,
        "number": setting.type == COUNT,
        "least": setting.least,
        "most": setting.most,
        "colour": setting.type == COLOUR,
        "choices": [(str(each), _value(setting, each)) for each in setting.allowed],
        "set": w.say("settings", "set", who=who, at=pages.moment(when)) if when else "",
        "agreed": w.say("settings", "agreed", who=agreed) if agreed else "",
    }


def _stated(setting: Settable) -> str:
    """Return which default follows from the profile, and by which law; empty for none."""
    w, context = pages.said(), parts().context
    if setting.name not in profile_defaults.values(context.profile):
        return ""
    one = profile_defaults.table()[setting.name]
    value = one.value[profile_defaults.flag_of(context.profile)]
    law = f"{w.either(one.source)} [{one.requirement}]"
    return w.say("settings", "stated", value=_value(setting, value), law=law)


def _looser(setting: Settable, value: Value) -> bool:
    """Return whether people are protected less than the profile's default would."""
    stated = profile_defaults.values(parts().context.profile)
    return setting.name in stated and setting.weakens(stated[setting.name], value)


def _started(context: Context) -> Iterator[dict[str, str]]:
    """Return what follows from the profile and is set at the start of a process only."""
    w, stated = pages.said(), profile_defaults.values(context.profile)
    for name in stated:
        one = profile_defaults.table()[name]
        if not one.title:
            continue
        value = catalogue.value_of(context.given, name)
        shown = w.say("settings", "units", one.unit, number=value) if one.unit else ""
        yield {
            "name": name,
            "title": w.either(one.title),
            "shown": shown or w.say("settings", "choices", str(value)),
            "origin": "started" if values.fixed(context.given, name) else "profile",
            "law": f"{w.either(one.source)} [{one.requirement}]",
        }


def _value(setting: Settable, value: Value) -> str:
    w = pages.said()
    if value == "":
        return w.say("settings", "as_started")
    if setting.unit:
        return w.say("settings", "units", setting.unit, number=value)
    return w.find("settings", "choices", str(value)) or str(value)


def _proposal(one: SettingProposal, names: Mapping[str, str]) -> dict[str, Any]:
    w, setting = pages.said(), catalogue.settables().get(one.name)
    return {
        "id": one.id,
        "title": w.either(setting.title) if setting else one.name,
        "before": _value(setting, one.before) if setting else one.before,
        "after": _value(setting, one.value) if setting else one.value,
        "because": one.because,
        "by": showing.who(f"staff:{one.proposed_by}", names),
        "at": pages.moment(one.proposed_at),
        "mine": one.proposed_by == door.staff().id,
    }


# -- changed -------------------------------------------------------------------------------------


@area.post("/settings/<name>")
def change(name: str) -> Response:
    """Set one, or propose that where it protects people less."""
    return _changed(name, call.form.get("value", ""))


@area.post("/settings/<name>/reset")
def reset(name: str) -> Response:
    """Let hold what the processes were started with, or propose that."""
    return _changed(name, None)


def _changed(name: str, said: str | None) -> Response:
    def do(session: Session, staff: Staff, now: datetime) -> None:
        because = call.form.get("because", "")
        changing.change(session, parts().context, name, said, staff, because=because, now=now)

    return _done(do, name)


@area.post("/settings/proposals/<id:proposal_id>/agree")
def agree(proposal_id: str) -> Response:
    """Let a colleague's change hold."""

    def do(session: Session, staff: Staff, now: datetime) -> None:
        changing.agree(session, parts().context, proposal_id, staff, now=now)

    return _done(do)


@area.post("/settings/proposals/<id:proposal_id>/dismiss")
def dismiss(proposal_id: str) -> Response:
    """Say that a change is not to be, or take one's own back."""

    def do(session: Session, staff: Staff, now: datetime) -> None:
        changing.dismiss(session, proposal_id, staff, now=now)

    return _done(do)


def _done(do: Callable[[Session, Staff, datetime], None], name: str = "") -> Response:
    """Do it, or say why not; this process works by it at once."""
    if wrong := tried(do):
        return _shown(status_of(wrong), wrong=_why(wrong, name))
    parts().context.in_force.look_again()
    return pages.go("console-settings.listed")


def _why(error: RightsError, name: str) -> list[str]:
    """Say why not; of what is beyond its bounds, by which requirement."""
    setting = catalogue.settables().get(name)
    if error.code != "setting_beyond" or setting is None:
        return pages.refusal(error)
    w = pages.said()
    said = {"title": w.either(setting.title), "bounds": w.listed(list(setting.bounds))}
    law = f"{setting.source} [{setting.requirement}]"
    return [w.say("settings", "beyond", **said, law=law)]
