"""``rights audit verify``, ``rights receipt verify`` and ``rights requirements``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rights.settings import load
from workflows import requirements as facts
from workflows.commands.acting import AS, act, desk
from workflows.commands.opening import opened

if TYPE_CHECKING:
    from rights.services.trail_check import Known

DAY = click.DateTime(formats=["%Y-%m-%d"])


def _known(_: click.Context, __: click.Parameter, said: Sequence[str]) -> list[Known]:
    from rights.services.trail_check import known

    try:
        return [one for each in said for one in known(each)]
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


KNOWN = click.option(
    "--known-checkpoint",
    "known",
    metavar="NUMBER:ROOT|FILE",
    multiple=True,
    callback=_known,
    help="A checkpoint noted or kept elsewhere; repeated.",
)


@click.group()
def audit() -> None:
    """The audit trail."""


@audit.command("verify")
@click.option("--json", "as_json", is_flag=True)
@KNOWN
def verify_audit(known: Sequence[Known], *, as_json: bool) -> None:
    """
    Find any change, removal or reordering. Exit 1 when something is wrong.

    That the newest checkpoints were cut off with all they cover is found with one that was noted
    elsewhere: the last line but one is for that.
    """
    from workflows.trail_watch import whole

    settings = load()
    report = whole(settings, opened(settings), known)
    if as_json:
        body = {
            "ok": report.ok,
            "chains": report.chains,
            "entries": report.entries,
            "newest_checkpoint": report.newest,
            "problems": list(report.problems),
        }
        click.echo(json.dumps(body))
    else:
        for problem in report.problems:
            click.echo(problem)
        click.echo(f"newest checkpoint {report.newest or '(none is signed yet)'}")
        click.echo(f"{report.entries} entries in {report.chains} chains: {_word(ok=report.ok)}")
    sys.exit(0 if report.ok else 1)


@audit.command("export")
@click.option("--from", "first", type=DAY, required=True, help="First day.")
@click.option("--to", "last", type=DAY, required=True, help="Last day.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new folder.")
@AS
def export_audit(first: datetime, last: datetime, out: Path, who: str) -> None:
    """
    Write the trail of some days into a folder that an auditor checks without this service.

    It holds every chain that has an entry in them, whole, and its signed checkpoints; ids and
    codes, no personal data. The last line is what stands in the folder, as JSON.
    """
    from rights.domain.period import between
    from rights.services import trail_export
    from rights.services.reports.making import zone_of
    from rights.services.signing import Signer

    at = desk()
    period = between(first.date(), last.date(), zone_of(at.context))
    signer = Signer(at.context.settings.signing_key.get_secret_value())
    act(at, who, lambda session, staff: trail_export.noted(session, staff, period, now=at.now))
    click.echo(json.dumps(trail_export.write(at.register, signer, period, out, now=at.now)))


@audit.command("check")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--public-key", "keys", multiple=True, help="Base64, from the company; repeated.")
def check_audit(folder: Path, keys: tuple[str, ...]) -> None:
    """Check a FOLDER of the trail, offline. Exit 1 when something does not hold."""
    from rights.services import trail_check

    found = trail_check.check(folder, keys)
    for line in trail_check.told(found, trusted=bool(keys)):
        click.echo(line)
    sys.exit(0 if found.ok else 1)


@click.group()
def receipt() -> None:
    """The signed statement of outcome."""


@receipt.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--public-key", help="Base64, from the company; else the one in the file is used.")
def verify_receipt(file: Path, public_key: str | None) -> None:
    """Check FILE offline. Exit 1 when it does not hold."""
    from rights.services.receipts import verify_file

    found = verify_file(file, public_key=public_key)
    for line in found.lines:
        click.echo(line)
    click.echo("the signature holds" if found.ok else "the signature does NOT hold")
    sys.exit(0 if found.ok else 1)


@receipt.command("page")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
def receipt_page(out: Path) -> None:
    """Write the page that checks receipts in a browser: one file, for giving away."""
    from rights.services.receipt_page import page

    out.write_text(page(), encoding="utf-8")


@click.command()
@click.option("--json", "as_json", is_flag=True)
@click.option(
    "--results", type=click.Path(path_type=Path), default=Path(".cache/requirements.json")
)
def requirements(results: Path, *, as_json: bool) -> None:
    """Show which requirements the last full test run proved."""
    found = facts.report(results)
    if as_json:
        click.echo(json.dumps(found))
        return
    for name in ("proved", "half", "open"):
        click.echo(f"{name}: {len(found[name])}")
        click.echo("  " + " ".join(found[name]))
    click.echo(f"core: {found['core']}")


def _word(*, ok: bool) -> str:
    return "all of them hold" if ok else "NOT all of them hold"
