"""``rights staff``: accounts of the privacy staff, for whoever has the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import click
from sqlmodel import Session

from rights.domain import staff as rules
from rights.services import staff as members
from rights.services.staff_access import accounts, provider
from rights.settings import load
from rights.store.db import RegisterClock, reading, transaction
from workflows.commands.opening import opened

Made = TypeVar("Made")
ROLES = click.option(
    "--role", "roles", multiple=True, required=True, type=click.Choice(rules.EVERY_ROLE)
)
SCOPES = click.option("--scope", "scopes", multiple=True, type=click.Choice(rules.SCOPES))


@click.group()
def staff() -> None:
    """Members of the privacy staff."""


@staff.command("add")
@click.argument("name")
@ROLES
@SCOPES
@click.option("--invite", is_flag=True, help="Print the link with which they set a password.")
def add_staff(name: str, roles: tuple[str, ...], scopes: tuple[str, ...], *, invite: bool) -> None:
    """Add NAME with its roles, and what it may decide beyond them."""
    if invite:
        provider.allow_passwords(load())

    def do(session: Session, now: datetime) -> str:
        made = accounts.add(session, name, (*roles, *scopes), None, now=now)
        return accounts.invite(session, made, None, now=now) if invite else ""

    token = _do(do)
    click.echo(_link(token) if token else "done")


@staff.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_staff(*, as_json: bool) -> None:
    """Show every account."""
    with reading(opened(load())) as session:
        found: list[dict[str, Any]] = [
            {"id": one.id, "name": one.name, "roles": one.roles, "closed": bool(one.closed_at)}
            for one in accounts.listed(session)
        ]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for one in found:
        closed = "  closed" if one["closed"] else ""
        click.echo(f"{one['name']}  {', '.join(one['roles'])}{closed}")


@staff.command("roles")
@click.argument("name")
@ROLES
@SCOPES
def change_roles(name: str, roles: tuple[str, ...], scopes: tuple[str, ...]) -> None:
    """Say what NAME may do, in place of what was said before."""

    def do(session: Session, now: datetime) -> None:
        one = members.staff_named(session, name)
        provider.local(session, load(), one)
        accounts.change_roles(session, one, (*roles, *scopes), None, now=now)

    _do(do)
    click.echo("done")


@staff.command("invite")
@click.argument("name")
def invite_staff(name: str) -> None:
    """Print a link with which NAME sets a password, once, within three days."""

    def do(session: Session, now: datetime) -> str:
        one = members.staff_named(session, name)
        provider.allow_passwords(load())
        provider.local(session, load(), one)
        return accounts.invite(session, one, None, now=now)

    click.echo(_link(_do(do)))


@staff.command("reset-factor")
@click.argument("name")
def reset_factor(name: str) -> None:
    """Let NAME, whom the provider signs in, set up another second factor; signs them out."""
    _do(
        lambda s, now: accounts.forget_second_factor(s, members.staff_named(s, name), None, now=now)
    )
    click.echo("done")


@staff.command("sign-out")
@click.argument("name")
def sign_out(name: str) -> None:
    """Sign NAME out of every browser, as after a laptop was lost; the way in stays."""
    _do(lambda s, now: accounts.sign_out(s, members.staff_named(s, name), None, now=now))
    click.echo("done")


@staff.command("close")
@click.argument("name")
def close_staff(name: str) -> None:
    """Let NAME in no more; whatever they are signed in with ends."""
    _do(lambda s, now: accounts.close(s, members.staff_named(s, name), None, now=now))
    click.echo("done")


def _do(do: Callable[[Session, datetime], Made]) -> Made:
    register = opened(load())
    now = RegisterClock(register).now()
    with transaction(register) as session:
        return do(session, now)


def _link(token: str) -> str:
    return f"{load().console_address}/console/invitation?w={token}"
