"""
Run requests to their end in this process: the same engine, without Redis and without web.

For operators, migrations and tests. The person was verified elsewhere, so the request enters
at the highest level; who ran it is in the audit trail.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from sqlmodel import select

from rights.domain.conversation import CONVERSATIONS
from rights.domain.errors import Invalid
from rights.domain.kinds import Kind, Option, default_option
from rights.domain.levels import Acr
from rights.domain.lifecycle import TERMINAL, State, Wait
from rights.domain.parameters import PARAMETERS, VALUES, offered
from rights.domain.products import PRODUCTS
from rights.services import forms, intake, subjects, submission, unasked
from rights.services.plans import approve
from rights.settings import Settings
from rights.store.db import reading, transaction
from rights.store.migrate import upgrade
from rights.store.models import Request, Staff, StepRow
from workflows import abreast
from workflows.building import floor_for, parts_for
from workflows.floor import ERASING, Floor
from workflows.jobs import work_on
from workflows.keyed import with_keys
from workflows.plans import read_plan
from workflows.reporting import hashes_in, report, write_plans
from workflows.routes import routes
from workflows.secrets import Secrets, require
from workflows.surveying import fits, looked_at

LISTS: Final = frozenset({"categories", "purposes", "switches", "tags", PRODUCTS})
OPERATOR: Final = "operator"

ALONE_S: Final = 1e7
"""A turn lasts as long as it takes: there is nobody to give the worker to."""


@dataclass(frozen=True, slots=True)
class Order:
    """One request to run, as the command line gave it."""

    kind: Kind
    option: Option
    subject: Mapping[str, str] = field(repr=False)
    parameters: Mapping[str, Any]
    values: Mapping[str, Any] = field(repr=False)

    @classmethod
    def read(cls, given: Mapping[str, Any], subject: Mapping[str, str]) -> Order:
        """
        Read ``--kind`` and ``--option``; ``--option option=NAME`` chooses within the kind.

        Raises:
            Invalid: an option or a parameter that the kind does not have.
        """
        kind = Kind(given["kind"])
        pairs = dict(_pair(text) for text in given["options"])
        name = pairs.pop("option", str(default_option(kind)))
        if name not in offered(kind):
            raise Invalid(f"{kind} has no option {name}: one of {', '.join(offered(kind))}")
        option = Option(name)
        known, sealed = PARAMETERS[kind], VALUES.get((kind, option), ())
        if unknown := set(pairs) - {*known, *sealed} - _changes(pairs, sealed):
            allowed = ", ".join((*known, *sealed)) or "nothing"
            raise Invalid(f"unknown: {', '.join(sorted(unknown))}; {kind}/{option} takes {allowed}")
        parameters = {k: _value(k, v) for k, v in pairs.items() if k in known}
        values = {k: _value(k, v) for k, v in pairs.items() if k in sealed}
        changes = [{"field": k, "value": pairs[k]} for k in sorted(_changes(pairs, sealed))]
        if changes:
            values["changes"] = changes
        return cls(kind, option, dict(subject), parameters, values)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise Invalid("--option takes KEY=VALUE")
    return name, value


def _changes(pairs: Mapping[str, str], sealed: Sequence[str]) -> set[str]:
    """For corrections, ``--option store.collection.field=value`` names a change."""
    return {k for k in pairs if "changes" in sealed and k.count(".") >= 2}  # noqa: PLR2004 - store.collection.field


def _value(name: str, text: str) -> Any:
    if name in ("changes", CONVERSATIONS):
        return json.loads(text)
    return text.split(",") if name in LISTS else text


def run(map_file: Path, orders: Sequence[Order], given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Run every order to its end, erasures of many people side by side; return their outcomes."""
    return list(each(map_file, orders, given))


def each(
    map_file: Path, orders: Sequence[Order], given: Mapping[str, Any]
) -> Generator[dict[str, Any], None, None]:
    """
    Run every order to its end, and yield each outcome as soon as it is known.

    Raises:
        Invalid, ConfigError: an order or the map is wrong, or the map names what a store does
            not have; nothing was begun for anybody.
        RightsError: one could not be carried out as it was wanted; those before it were.
    """
    with tempfile.TemporaryDirectory(prefix="rights-") as scratch:
        state = given.get("state") or Path(scratch)
        settings = settings_in(map_file, state)
        upgrade(settings.database_url)
        parts = parts_for(settings, tell=_tell)
        waits = bool(given.get("approve_hash") or given.get("plan_in"))
        floor = floor_for(
            parts, worker="inline", dry_run=bool(given.get("dry_run")), force_approval=waits
        )
        try:
            _wanted(given)
            for order in orders:
                _identifiers(floor, order)
            floor = with_live_keys(floor)
            fits(floor)
            size = settings.people_abreast
            groups = (orders[at : at + size] for at in range(0, len(orders), size))
            for group in groups:
                yield from _some(floor, group, given)
        finally:
            floor.leases.stop()
            floor.close()


def with_live_keys(floor: Floor) -> Floor:
    """Return *floor* with the keys that the map leaves to the live schema."""
    require(floor.context.datamap.stores, Secrets.of(os.environ))
    datamap = with_keys(floor.context.datamap, lambda store: looked_at(floor, store))
    plain, erasing = (routes(datamap, erasing=erasing) for erasing in (False, True))
    context = replace(floor.context, datamap=datamap)
    return replace(floor, context=context, plain=plain, erasing=erasing)


def _tell(line: str) -> None:
    print(f"datamap: {line}", file=sys.stderr)  # noqa: T201 - standard output is the answer


def _some(
    floor: Floor, orders: Sequence[Order], given: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Run what may go side by side; then each to its end, whatever is left of it."""
    rehearsed = bool(given.get("dry_run"))
    if rehearsed:
        floor = _stopping(floor)
    asked = [_submit(floor, order, rehearsed=rehearsed) for order in orders]
    if len(asked) > 1 and {order.kind for order in orders} <= ERASING:
        abreast.work_on(floor, [one.request_id for one in asked])
    for one in asked:
        yield _one(floor, one, given)


def _one(floor: Floor, asked: _Asked, given: Mapping[str, Any]) -> dict[str, Any]:
    """Run a request to its end, then whatever it brought about; return what came of them."""
    wanted = _wanted(given)
    _carry_out(floor, asked.request_id, wanted, shown=asked.shown)
    for one in asked.follows:
        _carry_out(floor, one, wanted, shown=asked.shown, or_wait=True)
    if given.get("plan_out"):
        write_plans(floor, (asked.request_id, *asked.follows), given["plan_out"])
    follows = [report(floor, one, given) for one in asked.follows]
    return report(floor, asked.request_id, given, follows)


def _carry_out(
    floor: Floor, request_id: str, wanted: Sequence[str], *, shown: bool, or_wait: bool = False
) -> None:
    """
    Run a request until it is closed or waits for a person.

    Args:
        wanted: Hashes of the plans that are approved, if there are any.
        or_wait: Its plan waits if it is none of them.

    Raises:
        Conflict: its plan is another one, and was not to wait.
    """
    until_still(floor, request_id)
    if shown and not floor.force_approval:
        wanted = _shown_before(floor, request_id)
    if wanted and not (or_wait and _hash_of(floor, request_id) not in wanted):
        _approve(floor, request_id, wanted)
        until_still(floor, request_id)


def _hash_of(floor: Floor, request_id: str) -> str:
    with reading(floor.register) as session:
        plan, _ = read_plan(session, request_id)
    return plan.hash if plan else ""


def _wanted(given: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the hashes of the plans that are approved: those of a file, else as they were said."""
    if given.get("plan_in"):
        return hashes_in(given["plan_in"])
    return tuple(given.get("approve_hash") or ())


def _stopping(floor: Floor) -> Floor:
    """A dry run is a plan that waits for an approval nobody gives."""
    return replace(floor, force_approval=True)


def _shown_before(floor: Floor, request_id: str) -> tuple[str, ...]:
    """Return the plan that an earlier dry run showed: who now says "do it" has seen it."""
    with reading(floor.register) as session:
        request = session.get_one(Request, request_id)
        plan, _ = read_plan(session, request_id)
    asks = request.kind in floor.context.settings.approval_kinds
    return (plan.hash,) if plan and request.wait is Wait.APPROVAL and not asks else ()


def _identifiers(floor: Floor, order: Order) -> dict[str, str]:
    """Check an order as the door does; everybody's before anything is begun for the first."""
    datamap = floor.context.datamap
    cleaned = subjects.cleaned(datamap, order.subject)
    option, given = order.option, order.parameters
    wrong = [*forms.named(datamap, order.kind, option, given)]
    wrong += forms.conversations(datamap, order.values)
    wrong += forms.tags(datamap, option, order.values)
    if wrong := [*wrong, *forms.anonymised(datamap, option, given)]:
        raise Invalid("the request has mistakes", wrong)
    return cleaned


@dataclass(frozen=True, slots=True)
class _Asked:
    """
    One request in the register.

    Args:
        shown: The register had it before.
        follows: The requests that it brought about.
    """

    request_id: str
    shown: bool
    follows: tuple[str, ...]


def _submit(floor: Floor, order: Order, *, rehearsed: bool) -> _Asked:
    """Register a request as the service does for somebody the product vouches for."""
    cleaned = _identifiers(floor, order)
    new = intake.Submission(
        kind=order.kind,
        option=order.option,
        identifiers=cleaned,
        parameters=order.parameters,
        values=order.values,
        channel="internal",
        attested=frozenset(cleaned),
        acr=Acr.REAL_NAME,
        operator=True,
        notify=False,
    )
    with transaction(floor.register) as session:
        request, made = submission.take(
            session, floor.context, new, now=floor.now(), vouched=True, rehearsed=rehearsed
        )
        follows = tuple(one.id for one in unasked.following(session, request))
        return _Asked(request.id, not made, follows)


def until_still(floor: Floor, request_id: str) -> None:
    """Work until the request is closed or waits for a person; a store that is down is tried on."""
    tries = len(floor.context.settings.backoff_s)
    for _ in range(tries * 4):
        work_on(floor, request_id)
        with reading(floor.register) as session:
            request = session.get(Request, request_id)
            if request is None or request.state in TERMINAL or request.state is State.ON_HOLD:
                return
            rows = session.exec(select(StepRow).where(StepRow.request_id == request_id)).all()
        times = [r.next_at for r in rows if r.next_at and r.state in ("todo", "running")]
        times += [request.next_at] if request.next_at and request.wait is Wait.STORE else []
        wait = (min(times) - floor.now()).total_seconds() if times else 0.0
        time.sleep(max(0.0, min(wait, 30.0)))


def _approve(floor: Floor, request_id: str, wanted: Sequence[str]) -> None:
    mine = _hash_of(floor, request_id)
    with transaction(floor.register) as session:
        request = session.get(Request, request_id)
        if request is None or request.wait is not Wait.APPROVAL:
            return
        staff = session.exec(select(Staff).where(Staff.name == OPERATOR)).first()
        if staff is None:
            staff = Staff(name=OPERATOR, roles=["approver"], created_at=floor.now())
            session.add(staff)
            session.flush()
        approve(session, request, mine if mine in wanted else wanted[0], staff, floor.now())


def settings_in(map_file: Path, state: Path) -> Settings:
    """Return settings whose register and keys live in *state*; the same folder resumes."""
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys = state / "keys.json"
    if not keys.exists():
        made = {k: f"{k}1:{base64.b64encode(secrets.token_bytes(32)).decode()}" for k in ("k", "s")}
        keys.touch(mode=0o600)
        keys.write_text(json.dumps(made), encoding="utf-8")
    found = json.loads(keys.read_text(encoding="utf-8"))
    return Settings(
        database_url=f"sqlite:///{state / 'register.sqlite'}",
        redis_url="redis://unused",
        blobs_url=(state / "blobs").absolute().as_uri(),
        keys=found["k"],
        signing_key=found["s"],
        datamap=map_file,
        backoff_s=(1, 2, 5, 15),
        inline_s=ALONE_S,
        packages_reviewed="never",  # whoever runs it has the file, and sends it on or does not
    )
