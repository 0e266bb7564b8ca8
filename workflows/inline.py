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

from rights.domain.errors import Invalid
from rights.domain.kinds import Kind, Option, default_option
from rights.domain.levels import Acr
from rights.domain.lifecycle import TERMINAL, State, Wait
from rights.domain.parameters import PARAMETERS, VALUES, offered
from rights.services import forms, intake, subjects
from rights.services.receipts import export
from rights.settings import Settings
from rights.store.db import reading, transaction
from rights.store.migrate import upgrade
from rights.store.models import Package, ReceiptOpening, ReceiptRow, Request, Staff, StepRow
from workflows import abreast
from workflows.building import Parts, floor_for, parts_for
from workflows.floor import ERASING, Floor
from workflows.jobs import work_on
from workflows.keyed import with_keys
from workflows.outcome import Line, lines
from workflows.packing import files_of
from workflows.plan import Plan, Step
from workflows.plans import approve, read_plan
from workflows.plans import sample as sample_of
from workflows.routes import routes
from workflows.secrets import Secrets, require
from workflows.stores import open_connector

LISTS: Final = frozenset({"categories", "purposes", "tags"})
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
    if name == "changes":
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
        Invalid, ConfigError: an order or the map is wrong; nothing was begun for anybody.
        RightsError: one could not be carried out as it was wanted; those before it were.
    """
    with tempfile.TemporaryDirectory(prefix="rights-") as scratch:
        state = given.get("state") or Path(scratch)
        settings = settings_in(map_file, state)
        upgrade(settings.database_url)
        parts = _with_keys(parts_for(settings, tell=_tell))
        waits = bool(given.get("approve_hash") or given.get("plan_in"))
        floor = floor_for(
            parts, worker="inline", dry_run=bool(given.get("dry_run")), force_approval=waits
        )
        try:
            _wanted(given)
            for order in orders:
                _identifiers(floor, order)
            size = parts.context.settings.people_abreast
            groups = (orders[at : at + size] for at in range(0, len(orders), size))
            for group in groups:
                yield from _some(floor, group, given)
        finally:
            floor.leases.stop()
            floor.close()


def _with_keys(parts: Parts) -> Parts:
    """Return *parts* with the keys that the map leaves to the live schema."""
    secrets = Secrets.of(os.environ)
    require(parts.context.datamap.stores, secrets)
    datamap = with_keys(
        parts.context.datamap, lambda store: open_connector(store, parts.classes, secrets)
    )
    context = replace(parts.context, datamap=datamap)
    plain, erasing = (routes(datamap, erasing=erasing) for erasing in (False, True))
    return replace(parts, context=context, plain=plain, erasing=erasing)


def _tell(line: str) -> None:
    print(f"datamap: {line}", file=sys.stderr)  # noqa: T201 - standard output is the answer


def _some(
    floor: Floor, orders: Sequence[Order], given: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Run what may go side by side; then each to its end, whatever is left of it."""
    if given.get("dry_run"):
        floor = _stopping(floor)
    asked = [_submit(floor, order) for order in orders]
    if len(asked) > 1 and {order.kind for order in orders} <= ERASING:
        abreast.work_on(floor, [request_id for request_id, _ in asked])
    for request_id, shown in asked:
        yield _one(floor, request_id, given, shown=shown)


def _one(floor: Floor, request_id: str, given: Mapping[str, Any], *, shown: bool) -> dict[str, Any]:
    wanted = _wanted(given)
    _until_still(floor, request_id)
    if shown and not floor.force_approval:
        wanted = _shown_before(floor, request_id)
    if wanted:
        _approve(floor, request_id, wanted)
        _until_still(floor, request_id)
    return _outcome(floor, request_id, given)


def _wanted(given: Mapping[str, Any]) -> str:
    if given.get("plan_in"):
        try:
            return str(json.loads(given["plan_in"].read_text(encoding="utf-8"))["hash"])
        except (ValueError, KeyError, TypeError):
            said = f"{given['plan_in']} is no plan that --plan-out wrote"
            raise Invalid(f"{said}: make one with --dry-run --plan-out FILE") from None
    return str(given.get("approve_hash") or "")


def _stopping(floor: Floor) -> Floor:
    """A dry run is a plan that waits for an approval nobody gives."""
    return replace(floor, force_approval=True)


def _shown_before(floor: Floor, request_id: str) -> str:
    """Return the plan that an earlier dry run showed: who now says "do it" has seen it."""
    with reading(floor.register) as session:
        request = session.get_one(Request, request_id)
        plan, _ = read_plan(session, request_id)
    asks = request.kind in floor.context.settings.approval_kinds
    return plan.hash if plan and request.wait is Wait.APPROVAL and not asks else ""


def _identifiers(floor: Floor, order: Order) -> dict[str, str]:
    """Check an order as the door does; everybody's before anything is begun for the first."""
    cleaned = subjects.cleaned(floor.context.datamap, order.subject)
    if wrong := [*forms.anonymised(floor.context.datamap, order.option, order.parameters)]:
        raise Invalid("the request has mistakes", wrong)
    return cleaned


def _submit(floor: Floor, order: Order) -> tuple[str, bool]:
    """Return the request, and whether the register had it before."""
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
        request, made = intake.submit(session, floor.context, new, now=floor.now())
        return request.id, not made


def _until_still(floor: Floor, request_id: str) -> None:
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


def _approve(floor: Floor, request_id: str, plan_hash: str) -> None:
    with transaction(floor.register) as session:
        request = session.get(Request, request_id)
        if request is None or request.wait is not Wait.APPROVAL:
            return
        staff = session.exec(select(Staff).where(Staff.name == OPERATOR)).first()
        if staff is None:
            staff = Staff(name=OPERATOR, roles=["approver"], created_at=floor.now())
            session.add(staff)
            session.flush()
        approve(session, request, plan_hash, staff, floor.now())


def _outcome(floor: Floor, request_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
    with reading(floor.register) as session:
        request = session.get_one(Request, request_id)
        planned = bool(given.get("dry_run")) and request.wait is Wait.APPROVAL
        plan, _ = read_plan(session, request_id)
        rows = session.exec(select(StepRow).where(StepRow.request_id == request_id)).all()
        receipt = session.get(ReceiptRow, request_id)
        opening = session.get(ReceiptOpening, request_id)
        package = session.exec(select(Package).where(Package.request_id == request_id)).first()
        sample = sample_of(session, floor.context.vault, request_id) if planned else None
    steps = sorted(rows, key=lambda r: (r.phase, r.id))
    names = {f"{request_id}-{s.name}": s.collections for s in plan} if plan else {}
    out = given.get("out")
    if plan and given.get("plan_out"):
        body = {"hash": plan.hash, **plan.to_json()}
        given["plan_out"].write_text(json.dumps(body, indent=2), encoding="utf-8")
    return {
        "state": "planned" if planned else str(request.state),
        "request": request_id,
        "wait": str(request.wait),
        "collections": _planned(plan) if planned else [x.to_json() for x in lines(steps, names)],
        "plan_hash": plan.hash if plan else None,
        "plan": plan.to_json() if plan and planned else None,
        "sample": sample,
        "receipt": _write_receipt(floor, receipt, opening, out),
        "package": _write_package(floor, package, out),
        "problems": [f"{r.id.partition('-')[2]}: {r.note}" for r in steps if r.note],
    }


def _planned(plan: Plan | None) -> list[dict[str, Any]]:
    if plan is None:
        return []
    told = {
        (line["store"], line["collection"], line["action"]): line
        for line in plan.outlook.get("collections", ())
    }
    return [
        _line(plan, s, path, told.get((s.store, path.partition(".")[2], str(s.action)), {}))
        for s in plan
        for path in s.collections
    ]


def _line(plan: Plan, step: Step, path: str, told: Mapping[str, Any]) -> dict[str, Any]:
    line = Line(
        step.store,
        path.partition(".")[2],
        str(step.action),
        affected=plan.counts.get(path, {}).get("rows", 0),
        missing=step.manual,
    )
    if step.manual or "deleted" not in told:
        return line.to_json()
    held: Mapping[str, Any] = next(
        (r for r in told["reasons"] if r["what"] in {"held", "kept"}), {}
    )
    foreseen = replace(
        line,
        affected=told["deleted"] + told["anonymised"],
        decorrelated=told["decorrelated"],
        retained=told["held"] + told["kept"],
        because=held.get("basis", ""),
        hold=held["code"] if held.get("rank") else "",
        rank=held.get("rank", ""),
        until=held.get("until", ""),
    )
    return foreseen.to_json()


def _write_receipt(
    floor: Floor, row: ReceiptRow | None, opening: ReceiptOpening | None, out: Path | None
) -> str | None:
    if row is None or out is None:
        return None
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{row.request_id}.receipt.json"
    path.write_text(json.dumps(export(row, floor.signer, opening), indent=2), encoding="utf-8")
    return str(path)


def _write_package(floor: Floor, package: Package | None, out: Path | None) -> str | None:
    if package is None or out is None or package.state != "ready":
        return None
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{package.request_id}.zip"
    with path.open("wb") as file:
        file.writelines(files_of(floor, package))
    return str(path)


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
    )
