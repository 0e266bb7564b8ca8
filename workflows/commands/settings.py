"""``rights settings``: what may be changed while everything runs."""

from __future__ import annotations

import json
from typing import Any

import click
from sqlmodel import Session

from rights.services.live_settings import changing
from rights.services.live_settings.changing import Standing
from rights.store.db import reading
from rights.store.models import Staff
from workflows.commands.acting import AS, act, desk, supervisor

AGREED = click.option(
    "--agreed-by",
    default="",
    metavar="NAME",
    help="The second administrator, where people would be protected less.",
)


@click.group()
def settings() -> None:
    """Settings that may be changed while everything runs."""


@settings.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_settings(*, as_json: bool) -> None:
    """Show each with its value, where that comes from, its bounds, and what they rest on."""
    at = desk()
    with reading(at.register) as session:
        found = [_line(one) for one in changing.standings(session, at.context)]
        waits = [_waits(one.name, one.value) for one in changing.waiting(session)]
    if as_json:
        click.echo(json.dumps({"settings": found, "waiting": waits}))
        return
    for one in found:
        said = f"{one['setting']}  {one['value']}  {one['origin']}"
        click.echo(f"{said}  ({', '.join(one['bounds'])}; {one['source']} [{one['requirement']}])")
    click.echo(f"{len(waits)} waiting for a second administrator")


def _line(one: Standing) -> dict[str, Any]:
    setting = one.setting
    return {
        "setting": setting.name,
        "value": one.value,
        "default": one.default,
        "origin": one.origin,
        "bounds": list(setting.bounds),
        "protects": setting.protects,
        "requirement": setting.requirement,
        "source": setting.source,
        "changed_at": one.row.changed_at.isoformat() if one.row and one.row.changed_at else "",
    }


def _waits(name: str, value: Any) -> dict[str, Any]:
    return {"setting": name, "value": value}


@settings.command("set")
@click.argument("name")
@click.argument("value")
@AS
@AGREED
def set_setting(name: str, value: str, who: str, agreed_by: str) -> None:
    """Let NAME be VALUE in every process, within seconds."""
    _change(name, value, who, agreed_by)


@settings.command("reset")
@click.argument("name")
@AS
@AGREED
def reset_setting(name: str, who: str, agreed_by: str) -> None:
    """Let NAME be again what the processes were started with."""
    _change(name, None, who, agreed_by)


def _change(name: str, value: str | None, who: str, agreed_by: str) -> None:
    at = desk()

    def do(session: Session, staff: Staff) -> None:
        other = supervisor(session, agreed_by)
        changing.change_agreed(session, at.context, name, value, staff, other, now=at.now)

    act(at, who, do)
    click.echo("done")
