"""
What a deployment does, one thing after another in one process, until nothing is left to do.

Relay, workers, mail, webhooks and sweep are the real ones. They take turns instead of running
side by side, so that the n-th commit of a request is the same commit every time.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import boto3
from botocore.loaders import JSONFileLoader
from redis import Redis
from sqlalchemy import text
from sqlmodel import Session, col, select

from rights import failpoints, logs
from rights.domain.actions import EFFECTS
from rights.domain.kinds import Kind, Option
from rights.domain.levels import Acr
from rights.net import Client, Guard
from rights.services import intake, package_reviews, requests, subjects
from rights.services.context import Context
from rights.services.live_settings.in_force import InForce
from rights.settings import Settings, load
from rights.store.db import RegisterClock, open_engine, reading, transaction
from rights.store.models import Request, Staff, StepRow, StepState
from workflows import delivery, relay, relaying, sweep, worker
from workflows.building import Parts, floor_for, parts_for
from workflows.claims import Claim, Done
from workflows.notices import send
from workflows.perform import perform as run_step
from workflows.plans import read_plan
from workflows.relay import QUEUES, Relay

ROUNDS: Final = 12

_BUSY: Final = text(
    "SELECT (SELECT count(*) FROM outbox WHERE sent_at IS NULL AND"
    "  (not_before IS NULL OR not_before <= :now))"
    " + (SELECT count(*) FROM notice WHERE state = 'waiting' AND next_at <= :now)"
    " + (SELECT count(*) FROM webhook_delivery WHERE state = 'waiting' AND next_at <= :now)"
    " + (SELECT count(*) FROM request WHERE next_at <= :now)"
)


_preloaded: list[Parts] = []


def preload(environ: Mapping[str, str]) -> None:
    """Make what holds no connection once, before any fork."""
    os.environ.update(environ)
    _preloaded[:] = [parts_for(load())]
    JSONFileLoader.load_file = cache(JSONFileLoader.load_file)  # 0.2 s for each client otherwise
    boto3.client("s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    for name in environ:
        del os.environ[name]


def _parts(settings: Settings) -> Parts:
    made = _preloaded[0]
    return replace(
        made, settings=settings, context=replace(made.context, in_force=InForce(settings))
    )


def submit(asked: Mapping[str, Any]) -> None:
    """Take one request in, as the web does; the id is written down for the test."""
    settings = load()
    context = _parts(settings).context
    register = open_engine(settings.database_url, pool=1)
    now = RegisterClock(register).now
    cleaned = subjects.cleaned(context.datamap, asked["subject"])
    new = intake.Submission(
        kind=Kind(asked["kind"]),
        option=Option(asked["option"]),
        identifiers=cleaned,
        parameters=asked.get("parameters", {}),
        values=asked.get("values", {}),
        backend_id=asked["backend"],
        attested=frozenset(cleaned),
        acr=Acr.REAL_NAME,
        operator=True,
    )
    with transaction(register) as session:
        intake.submit(session, context, new, now=now())


def work(asked: Mapping[str, Any]) -> None:
    """Do everything there is to do, and what a sweep finds beside it."""
    settings = load()
    if trace := asked.get("trace"):
        _trace(Path(trace))
    parts = _parts(settings)
    register = open_engine(settings.database_url, pool=2)
    now = RegisterClock(register).now
    redis = Redis.from_url(settings.redis_url)
    bell = Relay(register, redis, now, [], poll=1)
    client = Client(Guard(settings.webhook_allow))
    for _ in range(ROUNDS):
        bell.drain()
        for queue in QUEUES:
            worker.serve(parts, queue, burst=True)
        _chores(register, parts.context, now, client)
        with reading(register) as session:
            if not _busy(session, now()):
                return


def deaf(asked: Mapping[str, Any]) -> None:
    """
    Do one round in which every doorbell is lost that was rung by what caused it.

    Workers hear what the relay's chores find in the register, and nothing else. The chores are
    those of a deployment, each done once.
    """
    del asked
    settings = load()
    parts = _parts(settings)
    one = relaying.build(settings, parts.context)
    redis = Redis.from_url(settings.redis_url)
    one.drain()
    redis.flushall()
    for chore in one.chores:
        chore.run()
    one.drain()
    for queue in QUEUES:
        worker.serve(parts, queue, burst=True)
    one.drain()
    redis.flushall()


def both(asked: Mapping[str, Any]) -> None:
    """Take a request in and see it through."""
    if trace := asked.get("trace"):
        _trace(Path(trace))
    submit(asked)
    work({**asked, "trace": ""})


def rerun(asked: Mapping[str, Any]) -> None:
    """Do every effect of a request that was done once more, as a worker with a newer fence."""
    settings = load()
    floor = floor_for(_parts(settings), worker="again")
    with reading(floor.register) as session:
        request = session.get_one(Request, asked["request"])
        query = select(StepRow).where(StepRow.request_id == request.id)
        rows = tuple(session.exec(query.order_by(col(StepRow.phase), col(StepRow.id))))
        plan, _ = read_plan(session, request.id)
    assert plan is not None
    steps = {f"{request.id}-{step.name}": step for step in plan}
    done = [r for r in rows if r.action in EFFECTS and r.state is StepState.DONE]
    assert done, "nothing was done yet that could be done again"
    for row in done:
        claim = Claim(request, row.id, row.fence + 1, steps[row.id], plan, rows=rows)
        outcome = run_step(floor, claim)
        assert isinstance(outcome, Done), outcome


def let_go(asked: Mapping[str, Any]) -> None:
    """Have a reviewer let the package of a request go, as it is."""
    settings = load()
    context = _parts(settings).context
    register = open_engine(settings.database_url, pool=1)
    now = RegisterClock(register).now()
    with transaction(register) as session:
        staff = Staff(name=f"reviewer-{asked['request']}", roles=["reviewer"], created_at=now)
        session.add(staff)
        session.flush()
        request = requests.locked(session, asked["request"])
        waits = package_reviews.standing(session, request)
        assert waits is not None, "no package waits"
        package_reviews.let_go(session, context, request, waits[1].sha256, staff, now=now)


def _chores(register: Any, context: Context, now: Callable[[], Any], client: Client) -> None:
    send.send_due(register, context, now)
    delivery.deliver_due(register, context, now, client)
    sweep.sweep(register, context, now)
    relay.forget_sent(register, now())


def _busy(session: Session, now: Any) -> int:
    return int(session.connection().execute(_BUSY, {"now": now}).scalar_one())


def _trace(file: Path) -> None:
    """Write down every point that is passed, in order."""
    out = file.open("a", encoding="ascii", buffering=1)
    failpoints.on(lambda point: print(point, file=out))


ACTS: Final[Mapping[str, Callable[[Mapping[str, Any]], None]]] = MappingProxyType(
    {"submit": submit, "work": work, "both": both, "deaf": deaf, "rerun": rerun, "let_go": let_go}
)


def perform(act: str, asked: Mapping[str, Any], environ: Mapping[str, str]) -> None:
    """Be the child of a fork: take the environment, do the act."""
    os.environ.update(environ)
    signal.alarm(100)  # whatever hangs ends, and the test says so
    logs.configure()
    ACTS[act](asked)
