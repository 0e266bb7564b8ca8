"""``rights packages``: look at a package that waits, let it go, or have it made anew."""

from __future__ import annotations

import json
from typing import Any

import click

from rights.domain.errors import Conflict
from rights.services import package_reviews, requests
from rights.services.console import contents
from rights.services.steps import steps_of
from rights.settings import load
from rights.store.db import reading
from workflows.commands.acting import AS, act, desk
from workflows.commands.opening import opened

HASH = click.option("--sha256", required=True, help="Of the package that was looked at.")


@click.group()
def packages() -> None:
    """Packages that a member of staff looks at before they go out."""


@packages.command()
@click.argument("request_id")
def show(request_id: str) -> None:
    """Show what is in the package of REQUEST_ID that waits, what is not, and its hash, as JSON."""
    with reading(opened(load())) as session:
        found = package_reviews.standing(session, requests.find(session, request_id))
        if found is None:
            message = "no package of this request waits for a look"
            raise Conflict(message, code="package_not_waiting")
        package, held = found[1], contents.of(steps_of(session, request_id))
    said: dict[str, Any] = {
        "sha256": package.sha256,
        "size": package.size,
        "collections": [
            {
                "collection": one.collection,
                "records": one.records,
                "files": one.files,
                "redacted": dict(one.redacted),
            }
            for one in held
        ],
        "missing": list(package.missing),
    }
    click.echo(json.dumps(said))


@packages.command("let-go")
@click.argument("request_id")
@AS
@HASH
def let_go(request_id: str, who: str, sha256: str) -> None:
    """Let the person have the package of REQUEST_ID that was looked at."""
    at = desk()
    act(
        at,
        who,
        lambda session, staff: package_reviews.let_go(
            session, at.context, requests.locked(session, request_id), sha256, staff, now=at.now
        ),
    )
    click.echo("done")


@packages.command("make-anew")
@click.argument("request_id")
@AS
@HASH
@click.option("--because", required=True, type=click.Choice(package_reviews.BECAUSE))
def make_anew(request_id: str, who: str, sha256: str, because: str) -> None:
    """Throw the package of REQUEST_ID away, and let everything be read again."""
    at = desk()
    act(
        at,
        who,
        lambda session, staff: package_reviews.make_anew(
            session, requests.locked(session, request_id), sha256, because, staff, now=at.now
        ),
    )
    click.echo("done")
