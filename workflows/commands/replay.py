"""``rights restored``, ``replay`` and ``recheck``: before a restored store is opened again."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rights import logs
from rights.domain.errors import RightsError
from rights.settings import Settings, load
from workflows.floor import Floor

if TYPE_CHECKING:
    from workflows.returned import Looked

Command = TypeVar("Command", bound=Callable[..., Any])


class Moment(click.ParamType[datetime]):
    """An instant in ISO 8601; without a zone it is UTC."""

    name = "time"

    def convert(self, value: Any, param: Any, ctx: Any) -> datetime:
        """Read it, or say what it must look like."""
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail("write it like 2026-03-01T04:00:00Z", param, ctx)
        return found if found.tzinfo else found.replace(tzinfo=UTC)


def _where(command: Command) -> Command:
    """Add the options that name a register kept by ``rights execute --state``."""
    for option in (
        click.option(
            "--state",
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            help="The folder given to `rights execute`.",
        ),
        click.option(
            "--datamap",
            type=click.Path(exists=True, path_type=Path),
            help="With --state: the data map that was used.",
        ),
    ):
        command = option(command)
    return command


@click.command()
@click.option("--since", type=Moment(), required=True, help="When the restored backup was made.")
@click.option("--store", "stores", multiple=True, help="A store that was restored; repeated.")
@_where
def replay(
    since: datetime, stores: tuple[str, ...], datamap: Path | None, state: Path | None
) -> None:
    """Do again every erasure and correction since the backup was made."""
    from workflows.replay import replay as again

    with _floor(datamap, state) as floor:
        known, begun = _known(floor, stores), floor.now()
        reports = again(floor, since, stores)
        whole = all(r.whole for r in reports)
        ready = _acknowledged(floor, stores or known, since, begun) if whole else []
    body = {
        "since": since.isoformat(),
        "whole": whole,
        "requests": [asdict(r) for r in reports],
        "ready": ready,
    }
    click.echo(json.dumps(body))
    failed = any(r.code for r in reports)
    sys.exit(1 if failed else 0 if body["whole"] else 3)


def _known(floor: Floor, stores: Collection[str]) -> list[str]:
    """Return the data map's stores; refuse names that are none."""
    known = sorted(s.name for s in floor.context.datamap)
    if strangers := sorted(set(stores) - set(known)):
        raise click.BadParameter(f"no such store: {', '.join(strangers)}")
    return known


def _acknowledged(
    floor: Floor, stores: Collection[str], since: datetime, begun: datetime
) -> list[str]:
    from rights.services import restores
    from rights.store.db import transaction

    with transaction(floor.register) as session:
        return restores.acknowledge(session, stores, since, begun=begun, now=floor.now())


@click.command()
@click.argument("store")
@click.option("--backup", type=Moment(), required=True, help="When the backup was made.")
@_where
def restored(store: str, backup: datetime, datamap: Path | None, state: Path | None) -> None:
    """Say that STORE is put back to a backup: it is not ready before `rights replay` has run."""
    from rights.services import restores
    from rights.store.db import transaction

    with _floor(datamap, state) as floor:
        _known(floor, [store])
        with transaction(floor.register) as session:
            restores.announce(session, store, backup, now=floor.now())
    click.echo(json.dumps({"store": store, "backup": backup.isoformat(), "ready": False}))


@click.command()
@click.option("--since", type=Moment(), required=True, help="Requests that acted since then.")
@_where
def recheck(since: datetime, datamap: Path | None, state: Path | None) -> None:
    """Look now for erased data that came back; a find opens an incident."""
    from rights.store.db import reading
    from workflows import capsules, rechecks

    with _floor(datamap, state) as floor:
        with reading(floor.register) as session:
            ids = capsules.since(session, since)
        found = [_looked(i, lambda one: rechecks.now_for(floor, one)) for i in ids]
    found = [f for f in found if f]
    click.echo(json.dumps({"since": since.isoformat(), "requests": found}))
    failed = any(f["code"] for f in found)
    back = any(f["back"] or f["unsure"] or f["by_hand"] for f in found)
    sys.exit(1 if failed else 3 if back else 0)


def _looked(request_id: str, look: Callable[[str], Looked | None]) -> dict[str, Any]:
    from workflows import returned

    try:
        seen = look(request_id)
    except RightsError as error:
        return _told(request_id, returned.Looked(), error.code)
    if seen is None:
        return {}
    return _told(request_id, seen)


def _told(request_id: str, seen: Looked, code: str = "") -> dict[str, Any]:
    """Return what is printed of one request."""
    found = {"back": seen.back, "unsure": seen.unsure, "by_hand": seen.by_hand}
    return {"request": request_id, **found, "code": code}


@contextmanager
def _floor(datamap: Path | None, state: Path | None) -> Iterator[Floor]:
    """Open the register and the stores, as a worker would."""
    from workflows.building import floor_for, parts_for

    logs.configure()
    floor = floor_for(parts_for(_settings(datamap, state)), worker="replay")
    try:
        yield floor
    finally:
        floor.close()


def _settings(datamap: Path | None, state: Path | None) -> Settings:
    if (datamap is None) != (state is None):
        raise click.UsageError("--state and --datamap go together")
    if datamap is None or state is None:
        return load()
    from workflows.inline import settings_in

    return settings_in(datamap, state)
