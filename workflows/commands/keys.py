"""``rights keys`` and ``rights purge``."""

from __future__ import annotations

import base64
import json
import secrets
from collections import Counter

import click

from rights.settings import load
from rights.store.db import RegisterClock, reading
from workflows.commands.opening import opened


@click.group()
def keys() -> None:
    """The keys under which everything personal is sealed."""


@keys.command("new")
@click.argument("name")
def new(name: str) -> None:
    """Print a new key called NAME, for RIGHTS_KEYS or RIGHTS_SIGNING_KEY."""
    click.echo(f"{name}:{base64.b64encode(secrets.token_bytes(32)).decode()}")


@keys.command()
def rotate() -> None:
    """Seal everything under the first key of RIGHTS_KEYS, so that older ones can be retired."""
    from rights.services.rotation import rotate as turn
    from workflows.building import context_for

    settings = load()
    click.echo(json.dumps(turn(opened(settings), context_for(settings).vault)))


@keys.command()
def used() -> None:
    """
    Show which keys the suppression list needs, and until when: then one may be retired.

    Deleted tags are kept away, and chosen ones known, without an end: a key they need stays.
    """
    from rights.services.kept_tags import keys_in_use as for_tags
    from rights.services.suppression import keys_in_use
    from rights.services.tags_said import keys_in_use as for_chosen

    register = opened(load())
    with reading(register) as session:
        found = keys_in_use(session, RegisterClock(register).now())
        tags = Counter(for_tags(session)) + Counter(for_chosen(session))
    shown = {k: {"rows": rows, "until": until.isoformat()} for k, (rows, until) in found.items()}
    click.echo(json.dumps({"suppression": shown, "tags": tags}))


@click.command()
def purge() -> None:
    """Forget what is over: packages, documents, codes, contacts, old records."""
    from rights.services import evidence, settled_time, task_documents
    from rights.services.purge import purge as forget
    from workflows.building import blobs_for, context_for

    settings = load()
    register = opened(settings)
    blobs = blobs_for(settings)
    now = RegisterClock(register).now()
    with reading(register) as session:
        settled = settled_time.now_of(session, now)
    context, documents = context_for(settings), evidence.open_place(settings)
    gone = {
        "evidence": evidence.destroy(register, documents, now=now, settled=settled),
        "task_documents": task_documents.destroy(
            register, context, documents, now=now, settled=settled
        ),
    }
    click.echo(json.dumps({**gone, **forget(register, context, blobs, now=now, settled=settled)}))
