"""``rights execute``: one verified request, inline, without Redis or web."""

from __future__ import annotations

import contextlib
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from rights import logs
from rights.domain.errors import ConfigError, Invalid, RightsError
from rights.domain.kinds import Kind

EXITS = {"fulfilled": 0, "planned": 0, "partially_fulfilled": 3, "on_hold": 4}

_WORST = (1, 4, 3, 0)
_COUNTS = ("affected", "decorrelated", "retained")


class _Answering(click.Command):
    """Answers in JSON, where that was asked for, even if it was called wrongly."""

    def make_context(self, info_name: str | None, args: list[str], *rest: Any, **more: Any) -> Any:
        as_json = "--json" in args
        try:
            return super().make_context(info_name, args, *rest, **more)
        except click.UsageError as error:
            _print_failed("invalid", "invalid", [_said(error)], as_json=as_json)
            raise


def _said(error: click.UsageError) -> str:
    """Return what is wrong; a word that belongs to no option may be somebody's, and is not told."""
    about_an_option = isinstance(error, click.BadParameter | click.NoSuchOption)
    return error.format_message() if about_an_option else "see `rights execute --help`"


@click.command(cls=_Answering)
@click.option("--datamap", "map_file", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--kind", required=True, type=click.Choice([str(k) for k in Kind]))
@click.option("--subject", "subject", multiple=True, metavar="TYPE=VALUE")
@click.option("--subjects", "people", type=click.Path(exists=True, path_type=Path))
@click.option("--option", "options", multiple=True, metavar="KEY=VALUE")
@click.option("--dry-run", is_flag=True, help="Plan and count; change nothing.")
@click.option("--plan-out", type=click.Path(path_type=Path), help="Write the plan here.")
@click.option("--plan", "plan_in", type=click.Path(exists=True, path_type=Path))
@click.option("--approve", "approve_hash", multiple=True, help="Approve the plan of this hash.")
@click.option("--out", type=click.Path(path_type=Path), help="Where package and receipt go.")
@click.option("--state", type=click.Path(path_type=Path), help="The register; the same resumes.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on the last line.")
def execute(**given: Any) -> None:
    """
    Run one verified request against the stores of a data map, for operators.

    Exit 0 fulfilled or planned, 3 partially, 4 on hold, 2 bad input, 1 failed.
    """
    from workflows.inline import Order, each

    logs.configure(level="WARNING")
    outcomes: list[dict[str, Any]] = []
    try:
        orders = [Order.read(given, person) for person in _people(given)]
        with contextlib.closing(each(given["map_file"], orders, given)) as answers:
            for outcome in answers:  # who is done is told, whatever becomes of those behind
                _print(outcome, as_json=given["as_json"])
                outcomes.append(outcome)
    except RightsError as error:
        _refuse(error)
        wrong = isinstance(error, ConfigError | Invalid) and not outcomes
        state = "invalid" if wrong else "failed"
        _print_failed(state, error.code, _problems(error), as_json=given["as_json"])
        sys.exit(2 if wrong else 1)
    if given["people"]:
        _print(_of_all(outcomes), as_json=given["as_json"])
    sys.exit(_exit(outcomes))


def _exit(outcomes: Sequence[dict[str, Any]]) -> int:
    """Return the code of what went worst: one person's failure is not lost among many."""
    return min((EXITS.get(_state(o), 1) for o in outcomes), key=_WORST.index)


def _state(outcome: dict[str, Any]) -> str:
    """Return the state that went worst, of a request and of what followed it."""
    states = [one["state"] for one in (outcome, *outcome["follows"])]
    return str(min(states, key=lambda state: _WORST.index(EXITS.get(state, 1))))


def _of_all(outcomes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what a batch came to: the last line, after one for each person."""
    lines: dict[tuple[str, ...], dict[str, Any]] = {}
    every = [one for o in outcomes for one in (o, *o["follows"])]
    for line in (line for one in every for line in one["collections"]):
        place = tuple(str(line[name]) for name in ("store", "collection", "action", "missing"))
        known = lines.setdefault(place, {**line, **dict.fromkeys(_COUNTS, 0), "because": ""})
        for name in _COUNTS:
            known[name] += line[name]
        known["because"] = known["because"] or line["because"]
    states = [_state(o) for o in outcomes]
    return {
        "state": next(state for state in states if EXITS.get(state, 1) == _exit(outcomes)),
        "people": len(outcomes),
        "states": dict(Counter(states)),
        "collections": list(lines.values()),
        "plan_hash": None,
        "receipt": None,
        "package": None,
    }


def _people(given: dict[str, Any]) -> list[dict[str, str]]:
    if given["people"]:
        lines = given["people"].read_text(encoding="utf-8").splitlines()
        people = [_person(n, line) for n, line in enumerate(lines, 1) if line.strip()]
        if not people:
            raise Invalid("the file of --subjects names nobody")
        return people
    if not given["subject"]:
        raise Invalid("say who it is about: --subject TYPE=VALUE, or --subjects FILE")
    return [dict(_pair(text, "--subject") for text in given["subject"])]


def _person(number: int, line: str) -> dict[str, str]:
    """Read one line of ``--subjects``; what a line says is never repeated in a message."""
    try:
        said = json.loads(line)
    except ValueError:
        said = None
    plain = isinstance(said, dict) and said and all(type(v) in (str, int) for v in said.values())
    if not plain:
        raise Invalid(
            f"line {number} of --subjects is no person: write one JSON object a line,"
            ' {"TYPE": "VALUE"}'
        )
    return {name: str(value) for name, value in said.items()}


def _pair(text: str, of: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise Invalid(f"{of} takes NAME=VALUE")
    return name, value


def _refuse(error: RightsError) -> None:
    click.echo(f"{error.code}: {error}", err=True)
    for line in _fields(error):
        click.echo(f"  {line}", err=True)


def _fields(error: RightsError) -> list[str]:
    """Return what is wrong, field by field, with what is allowed."""
    return [
        f"{wrong.field}: {wrong.message}"
        + (f" (one of: {', '.join(wrong.allowed)})" if wrong.allowed else "")
        for wrong in getattr(error, "errors", ())
    ]


def _problems(error: RightsError) -> list[str]:
    """Return everything that is wrong with a map or an argument, one line each."""
    return [*getattr(error, "problems", ()), *_fields(error)] or [str(error)]


def _print_failed(state: str, code: str, problems: list[str], *, as_json: bool) -> None:
    """Answer that nothing was begun (``invalid``) or that it ended badly (``failed``)."""
    if not as_json:
        return  # people have read it on standard error
    nothing = dict.fromkeys(("plan_hash", "receipt", "package"))
    body = {"state": state, "code": code, "problems": problems, "collections": [], **nothing}
    click.echo(json.dumps(body))


def _print(outcome: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(outcome))
        return
    click.echo(f"state: {outcome['state']}")
    for line in outcome["collections"]:
        detail = ", ".join(
            f"{k} {line[k]}" for k in ("affected", "decorrelated", "retained") if line[k]
        )
        click.echo(f"  {line['store']}.{line['collection']}: {line['action']} {detail}")
    click.echo(f"plan: {outcome['plan_hash']}")
    for one in outcome.get("follows", ()):
        click.echo(f"follows: {one['kind']}")
        _print(one, as_json=False)
