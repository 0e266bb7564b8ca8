"""``rights backend`` and ``rights staff``."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import click

from rights.settings import load
from rights.store.db import RegisterClock, open_engine, reading, transaction
from rights.store.models import Staff

ROLES = ("reviewer", "approver", "verifier", "auditor", "admin", "automation")
SCOPES = ("legal", "dpo")


@click.group()
def backend() -> None:
    """Product backends and their keys."""


@backend.command("add")
@click.argument("name")
@click.option("--assertion-key", type=click.Path(exists=True, path_type=Path), help="JWK file.")
@click.option("--level-cap", type=click.IntRange(0, 3), default=2, show_default=True)
@click.option("--scope", "scopes", multiple=True, help="Default: all but deletions:trigger.")
@click.option("--json", "as_json", is_flag=True)
def add_backend(
    name: str,
    assertion_key: Path | None,
    level_cap: int,
    scopes: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """Add the backend NAME and show its API key, once."""
    from rights.services import backends
    from workflows.building import context_for

    settings = load()
    register = open_engine(settings.database_url)
    key = json.loads(assertion_key.read_text(encoding="utf-8")) if assertion_key else None
    now = RegisterClock(register).now()
    with transaction(register) as session:
        made = backends.add(session, name, level_cap=level_cap, now=now)
        if key:
            vault = context_for(settings).vault
            backends.add_assertion_key(session, vault, made, key, now=now)
        row, secret = backends.issue_key(session, made.id, scopes or backends.USUAL, now=now)
    shown = {"backend": made.id, "key_id": row.id, "key": secret}
    click.echo(json.dumps(shown) if as_json else f"backend {made.id}\nkey id {row.id}\n{secret}")


@backend.command("list")
def list_backends() -> None:
    """Show every backend."""
    from rights.services import backends

    with reading(open_engine(load().database_url)) as session:
        for one in backends.listed(session):
            click.echo(f"{one.id}  {one.name}")


@backend.command("rotate")
@click.argument("key_id")
@click.option("--overlap-hours", default=24, show_default=True)
def rotate_backend(key_id: str, overlap_hours: int) -> None:
    """Make a new key beside KEY_ID, which works until the overlap is over."""
    from rights.services import backends

    register = open_engine(load().database_url)
    now = RegisterClock(register).now()
    overlap = timedelta(hours=overlap_hours)
    with transaction(register) as session:
        row, secret = backends.rotate(session, key_id, now=now, overlap=overlap)
        click.echo(f"key id {row.id}\n{secret}")


@backend.command("revoke")
@click.argument("key_id")
def revoke_key(key_id: str) -> None:
    """End the key KEY_ID at once."""
    from rights.services import backends

    register = open_engine(load().database_url)
    with transaction(register) as session:
        backends.revoke(session, key_id, now=RegisterClock(register).now())
    click.echo("done")


@click.group()
def staff() -> None:
    """Members of the privacy staff."""


@staff.command("add")
@click.argument("name")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(ROLES))
@click.option("--scope", "scopes", multiple=True, type=click.Choice(SCOPES))
def add_staff(name: str, roles: tuple[str, ...], scopes: tuple[str, ...]) -> None:
    """Add NAME with its roles, and what it may decide beyond them."""
    register = open_engine(load().database_url)
    now = RegisterClock(register).now()
    with transaction(register) as session:
        session.add(Staff(name=name, roles=[*roles, *scopes], created_at=now))
    click.echo("done")
