"""``rights backend`` and ``rights staff``."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import click

from rights.domain.uses import USUAL, Use
from rights.net import Guard
from rights.settings import load
from rights.store.db import RegisterClock, reading, transaction
from workflows.commands.opening import opened

USE = click.Choice([str(use) for use in Use])


@click.group()
def backend() -> None:
    """Product backends and their keys."""


@backend.command("add")
@click.argument("name")
@click.option("--assertion-key", type=click.Path(exists=True, path_type=Path), help="JWK file.")
@click.option("--level-cap", type=click.IntRange(0, 3), default=2, show_default=True)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    help="Default: all but deletions:trigger, restrictions:lift.",
)
@click.option("--origin", "origins", multiple=True, help="Whose pages may show the portal.")
@click.option("--use", "uses", multiple=True, type=USE, help="What it is for. Default: service.")
@click.option("--json", "as_json", is_flag=True)
def add_backend(
    name: str,
    assertion_key: Path | None,
    level_cap: int,
    scopes: tuple[str, ...],
    origins: tuple[str, ...],
    uses: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """Add the backend NAME and show its API key, once."""
    from rights.services import backends
    from workflows.building import context_for
    from workflows.commands.uses import noted

    settings = load()
    register = opened(settings)
    key = json.loads(assertion_key.read_text(encoding="utf-8")) if assertion_key else None
    now = RegisterClock(register).now()
    add = partial(backends.add, level_cap=level_cap, origins=origins, uses=uses or USUAL)
    with noted(register, "issue_key", now), transaction(register) as session:
        made = add(session, name, now=now)
        if key:
            vault = context_for(settings).vault
            backends.add_assertion_key(session, vault, made, key, now=now)
        row, secret = backends.issue_key(session, made.id, scopes or backends.usual(made), now=now)
    _tell(made.id, row.id, secret, as_json=as_json)


def _tell(backend_id: str, key_id: str, secret: str, *, as_json: bool) -> None:
    shown = {"backend": backend_id, "key_id": key_id, "key": secret}
    click.echo(json.dumps(shown) if as_json else f"backend {backend_id}\nkey id {key_id}\n{secret}")


@backend.command("list")
def list_backends() -> None:
    """Show every backend."""
    from rights.services import backends
    from rights.services.network_identity import bridges
    from rights.services.sign_in import providers

    with reading(opened(load())) as session:
        signing, bridged = providers.titles(session), bridges.offered_by(session)
        for one in backends.listed(session):
            at = f"  people sign in at {signing[one.id]}" if one.id in signing else ""
            uses = "" if one.uses == [*USUAL] else f"  for {', '.join(one.uses)}"
            shows = "  offers the network identity" if one.id in bridged else ""
            click.echo(f"{one.id}  {one.name}{uses}{at}{shows}")


@backend.command("origins")
@click.argument("name")
@click.option("--origin", "origins", multiple=True, help="None at all: no page may show it.")
def set_origins(name: str, origins: tuple[str, ...]) -> None:
    """Say which web origins may show the portal of the backend NAME, in place of those before."""
    from rights.services import backends

    register = opened(load())
    now = RegisterClock(register).now()
    with transaction(register) as session:
        backends.allow_origins(session, name, origins, now=now)
    click.echo("done")


@backend.command("uses")
@click.argument("name")
@click.option("--use", "uses", multiple=True, type=USE, help="None at all: show what it is for.")
def set_uses(name: str, uses: tuple[str, ...]) -> None:
    """Say what the backend NAME uses what it learns for, in place of what was said before."""
    from rights.services import backend_uses
    from workflows.commands.uses import shown

    register = opened(load())
    now = RegisterClock(register).now()
    if uses:
        with transaction(register) as session:
            backend_uses.change(session, name, uses, now=now)
        click.echo("done")
        return
    with reading(register) as session:
        click.echo(shown(backend_uses.named(session, name)))


@backend.command("oidc")
@click.argument("name")
@click.option("--issuer", default="", help="The provider, as it calls itself: https://…")
@click.option("--client-id", default="", help="Who this service is to the provider.")
@click.option("--secret", default="", help="NAME of the client's secret, for RIGHTS_SECRET_NAME.")
@click.option("--title", default="", help="What people know it by. Default: the backend's name.")
@click.option("--scope", "scopes", multiple=True, help="Asked for beside openid.")
@click.option("--claim", "claims", multiple=True, help="CLAIM=IDENTIFIER of the data map.")
@click.option("--acr", "acrs", multiple=True, help="VALUE=mfa or VALUE=real_name.")
@click.option("--amr", "amrs", multiple=True, help="The same for one of the methods used.")
@click.option("--ask-acr", "ask_acrs", multiple=True, help="Asked for where more is needed.")
@click.option("--remove", is_flag=True, help="Nobody signs in any more.")
def set_provider(name: str, *, secret: str, remove: bool, **said: Any) -> None:
    """Let people of the backend NAME sign in at an OpenID Connect provider."""
    from rights.services.sign_in import providers
    from workflows.building import context_for
    from workflows.commands.providers import plainly, provider_of

    settings = load()
    register = opened(settings)
    now = RegisterClock(register).now()
    with transaction(register) as session:
        if remove:
            providers.remove(session, name, now=now)
            click.echo("done")
            return
        wanted, context = provider_of(secret, said), context_for(settings)
        with plainly():
            guard = Guard(settings.webhook_allow)
            made = providers.configure(session, context, guard, name, wanted, now=now)
    base = settings.base_url.rstrip("/")
    click.echo(f"redirect URI {base}{providers.back(made.backend_id)}")


@backend.command("network-identity")
@click.argument("name")
@click.option("--url", default="", help="The bridge: https://…")
@click.option("--secret", default="", help="NAME of the secret of both, for RIGHTS_SECRET_NAME.")
@click.option("--attests-names", is_flag=True, help="It compares real names: its word is level 3.")
@click.option("--check", is_flag=True, help="Only ask the bridge that is set up whether it works.")
@click.option("--remove", is_flag=True, help="Offer it to nobody any more.")
def set_bridge(name: str, *, check: bool, remove: bool, **said: Any) -> None:
    """Offer people of the backend NAME the national network identity, through a bridge."""
    from rights.services.network_identity import bridges
    from workflows.building import context_for
    from workflows.commands.bridges import answers, bridge_of, told
    from workflows.commands.providers import plainly

    settings = load()
    register = opened(settings)
    now = RegisterClock(register).now()
    if remove:
        with transaction(register) as session:
            bridges.remove(session, name, now=now)
        click.echo("done")
        return
    context, guard = context_for(settings), Guard(settings.webhook_allow)
    if check:
        with reading(register) as session:
            made = bridges.named(session, context, name)
        click.echo(answers(made, guard, now))
        return
    wanted = bridge_of(**said)
    with transaction(register) as session, plainly():
        made = bridges.configure(session, context, guard, name, wanted, now=now)
    click.echo(told(made, settings))


@backend.command("rotate")
@click.argument("key_id")
@click.option("--overlap-hours", default=24, show_default=True)
def rotate_backend(key_id: str, overlap_hours: int) -> None:
    """Make a new key beside KEY_ID, which works until the overlap is over."""
    from rights.services import backends

    register = opened(load())
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

    register = opened(load())
    with transaction(register) as session:
        backends.revoke(session, key_id, now=RegisterClock(register).now())
    click.echo("done")
