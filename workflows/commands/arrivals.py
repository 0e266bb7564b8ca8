"""``rights requests log``: what came by letter, by phone, at a counter or to a wrong address."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import click
from sqlmodel import Session

from rights.domain.errors import FieldError, Invalid
from rights.domain.kinds import Kind
from rights.domain.products import PRODUCTS
from rights.domain.representation import AgeBand
from rights.services import arrivals
from rights.services.arrivals import Arrival
from rights.store.models import Staff
from workflows.commands.acting import AS, FILE, act, desk, text_in
from workflows.commands.asking import ask, go_on

_LISTS: Final = frozenset({"categories", "purposes", "switches", PRODUCTS})
_MOST: Final = 65_536
_NEXT: Final = {
    "code": "a code is on its way to a contact that was given; nothing is proved before",
    "proof": "no contact was given that a code can go to: write back and ask for one",
    "information": "something is missing, and the person is asked for it",
}


@click.group()
def requests() -> None:
    """Requests that reached us by other ways, and what people are asked to add to theirs."""


requests.add_command(ask)
requests.add_command(go_on)


_SUBJECT: Final = click.option(
    "--subject",
    "typed",
    multiple=True,
    metavar="TYPE=VALUE",
    help="How the person is known. The shell keeps it in its history: rather use --subject-file.",
)
_SUBJECT_FILE: Final = click.option(
    "--subject-file",
    "file",
    type=FILE,
    help='The same as JSON, {"TYPE": "VALUE"}; - reads standard input, which no history keeps.',
)
_RECEIVED: Final = click.option(
    "--received",
    required=True,
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]),
    help="When it really arrived, where the law applies. The time it has is counted from there.",
)


@requests.command()
@click.option("--kind", required=True, type=click.Choice([str(kind) for kind in Kind]))
@click.option("--option", help="A choice within the kind; a wrong one names all.")
@_SUBJECT
@_SUBJECT_FILE
@click.option(
    "--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="As in the API."
)
@click.option("--channel", required=True, type=click.Choice(arrivals.CHANNELS))
@_RECEIVED
@click.option("--backend", default="", help="The product it is about, where there are several.")
@click.option("--regime", "regimes", multiple=True, help="The law; left out, the product's.")
@click.option(
    "--age-band",
    "age_band",
    type=click.Choice([str(band) for band in AgeBand]),
    default=str(AgeBand.UNKNOWN),
    show_default=True,
    help="How old the person is, as far as it is known: a child's guardian is asked.",
)
@click.option("--locale", type=click.Choice(["zh-CN", "en"]), default="zh-CN", show_default=True)
@click.option("--json", "as_json", is_flag=True)
@AS
def log(who: str, *, as_json: bool, **given: Any) -> None:
    """
    Log a request as of the day it arrived; prints reference, due date and the time used up.

    Whoever asks still has to prove who they are: a code goes to a contact that was given. Earlier
    than 60 days ago is for who may approve.
    """
    at, arrival = desk(), _arrival(given)

    def do(session: Session, staff: Staff) -> dict[str, Any]:
        request = arrivals.log(session, at.context, arrival, staff, now=at.now)
        session.flush()
        return arrivals.told(session, at.context, request, at.now)

    _print(act(at, who, do), as_json=as_json)


def _arrival(given: dict[str, Any]) -> Arrival:
    pairs = [_pair(text, "parameter") for text in given["parameters"]]
    return Arrival(
        kind=Kind(given["kind"]),
        option=given["option"],
        subject=_subject(given["typed"], given["file"]),
        parameters={name: _value(name, value) for name, value in pairs},
        received=given["received"],
        channel=given["channel"],
        backend=given["backend"],
        regimes=given["regimes"],
        locale=given["locale"],
        age_band=AgeBand(given["age_band"]),
    )


def _subject(typed: tuple[str, ...], file: Path | None) -> dict[str, str]:
    """Return whom it is about. Raises Invalid, which never tells what was typed."""
    pairs = [_pair(text, "subject") for text in typed]
    found = _json(text_in(file)) if file else {}
    for name, value in pairs:
        if name in found:
            raise Invalid("subject says one thing twice", [FieldError("subject", "is said twice")])
        found[name] = value
    return found


def _json(text: str) -> dict[str, str]:
    wrong = FieldError("subject", 'is not JSON like {"email": "…"}')
    try:
        found = json.loads(text) if len(text) <= _MOST else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
        raise Invalid(f"subject {wrong.message}", [wrong])
    return found


def _pair(text: str, of: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise Invalid(f"{of} takes NAME=VALUE", [FieldError(of, "takes NAME=VALUE")])
    return name, value


def _value(name: str, text: str) -> Any:
    return text.split(",") if name in _LISTS else text


def _print(made: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(made))
        return
    unit = made["unit"].replace("_", " ") + ("s" if made["of"] != 1 else "")
    click.echo(f"reference: {made['reference']}")
    click.echo(f"due: {made['due']}")
    click.echo(f"used up: {made['used']} of {made['of']} {unit}, {made['share']}")
    click.echo(f"next: {_NEXT.get(made['next'], made['next'])}")
