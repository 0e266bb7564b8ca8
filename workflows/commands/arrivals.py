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
from rights.services import arrivals, given_later, writers
from rights.services import requests as register
from rights.services.arrivals import Arrival
from rights.services.context import Context
from rights.services.representatives import Second
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
_REQUESTER_FILE: Final = click.option(
    "--requester-file",
    "requester",
    type=FILE,
    help="Who wrote, where that is not the person: JSON, as requester of the API; - reads"
    " standard input.",
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
@_REQUESTER_FILE
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

    Whoever asks still has to prove who they are, and that they may ask: a code goes to a contact
    that was given. Earlier than 60 days ago is for who may approve.
    """
    at = desk()
    arrival = _arrival(at.context, given)

    def do(session: Session, staff: Staff) -> dict[str, Any]:
        request = arrivals.log(session, at.context, arrival, staff, now=at.now)
        session.flush()
        return arrivals.told(session, at.context, request, at.now)

    _print(act(at, who, do), as_json=as_json)


@requests.command("add-contact")
@click.argument("request_id", metavar="REQUEST")
@click.option(
    "--contact",
    "typed",
    multiple=True,
    metavar="TYPE=VALUE",
    help="How who acts is reached. The shell keeps it in its history: rather use --contact-file.",
)
@click.option(
    "--contact-file",
    "file",
    type=FILE,
    help='The same as JSON, {"TYPE": "VALUE"}; - reads standard input, which no history keeps.',
)
@AS
def add_contact(request_id: str, typed: tuple[str, ...], file: Path | None, who: str) -> None:
    """
    Add how who acts in REQUEST is reached, where nobody knew; a code goes there.

    Only to a request that was logged, and once: a known address is not changed.
    """
    at, pairs = desk(), [_pair(text, "contact") for text in typed]
    given = _together(pairs, file, "contact")

    def do(session: Session, staff: Staff) -> None:
        found = register.locked(session, request_id)
        given_later.add_contact(session, at.context, found, staff, given, now=at.now)

    act(at, who, do)
    click.echo("added; a code is on its way there")


def _arrival(context: Context, given: dict[str, Any]) -> Arrival:
    _apart(given["file"], given["requester"])
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
        writer=_writer(context, given["requester"]),
    )


def _apart(subject: Path | None, requester: Path | None) -> None:
    """Raise Invalid where two documents are to come from one standard input."""
    if subject is not None and requester is not None and str(subject) == str(requester) == "-":
        message = "and the subject cannot both come from standard input"
        raise Invalid(f"requester {message}", [FieldError("requester", message)])


def _writer(context: Context, file: Path | None) -> Second | None:
    """Return who wrote, where somebody else did. Raises Invalid, which never tells what is said."""
    if file is None:
        return None
    return writers.of(context, _json(text_in(file), "requester", '{"role": "agent", …}'))


def _subject(typed: tuple[str, ...], file: Path | None) -> dict[str, str]:
    """Return whom it is about. Raises Invalid, which never tells what was typed."""
    pairs = [_pair(text, "subject") for text in typed]
    return _together(pairs, file, "subject")


def _together(pairs: list[tuple[str, str]], file: Path | None, of: str) -> dict[str, str]:
    found = _texts(text_in(file), of) if file else {}
    for name, value in pairs:
        if name in found:
            raise Invalid(f"{of} says one thing twice", [FieldError(of, "is said twice")])
        found[name] = value
    return found


_LIKE: Final = '{"email": "…"}'


def _texts(text: str, of: str) -> dict[str, str]:
    found = _json(text, of, _LIKE)
    if not all(isinstance(one, str) for one in found.values()):
        raise _not_json(of, _LIKE)
    return found


def _not_json(of: str, like: str) -> Invalid:
    wrong = FieldError(of, f"is not JSON like {like}")
    return Invalid(f"{of} {wrong.message}", [wrong])


def _json(text: str, of: str, like: str) -> dict[str, Any]:
    try:
        found = json.loads(text) if len(text) <= _MOST else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise _not_json(of, like)
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
