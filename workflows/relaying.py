"""Put a relay together and run it until SIGTERM."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from redis import Redis
from sqlalchemy import Engine

from rights import logs, metrics, traces
from rights.net import Client, Guard
from rights.services import (
    checkpoints,
    evidence,
    purge,
    put_off,
    queued,
    spools,
    task_documents,
    unanswered,
    warnings_due,
)
from rights.services.console import figures
from rights.services.context import Context
from rights.services.live_settings import values as live
from rights.services.organisation.declared_maps import Keeper
from rights.services.reports import awaited, making, published
from rights.services.security_incidents import spreading
from rights.services.settled_time import SettledClock
from rights.services.signing import Signer
from rights.settings import Settings
from rights.store.blobs import Blobs
from rights.store.db import RegisterClock, open_engine, transaction
from workflows import (
    clock_watch,
    delivery,
    expiry,
    gauges,
    relay,
    ringing,
    sweep,
    trail_watch,
    watched,
)
from workflows.building import blobs_for, context_for
from workflows.notices import (
    alert_mail,
    duty_mail,
    incident_mail,
    schedule_mail,
    send,
    sms,
    trail_mail,
)

PURGE_S = 600.0
KEEP_S = 600.0
EVIDENCE_S = 60.0
QUEUES_S = 3600.0
MAP_S = 600.0
"""What this relay's data map declares is written down once; until then it is tried again."""
MAIL_S = 0.2
ALERTS_S = 300.0
SETTLED_S = 60.0
CLOCK_S = 60.0
"""Clocks of incidents run for an hour, or less: they are told of within a minute."""
TOLD_S = 5.0
ASKED_S = 1.0
"""Somebody waits for a report, or for evidence to be signed."""


def run(settings: Settings) -> None:
    """Relay until SIGTERM or SIGINT."""
    context = context_for(settings)
    if listener := watched.listener(context, "relay", several=False):
        listener.begin()
        metrics.mark("rights_processes", 1, queue="")
        metrics.touch("rights_notices_total", outcome="failed")
    one = build(settings, context)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: one.stopping.set())
    logs.get().info("relay.ready")
    traces.start(settings, "relay")
    one.run()
    traces.stop()


def build(
    settings: Settings, context: Context, monotonic: Callable[[], float] = time.monotonic
) -> relay.Relay:
    """
    Return a relay with all its chores.

    Args:
        monotonic: Seconds of a clock that nobody can set.

    Raises:
        ConfigError: text messages are to be sent, and cannot be.
    """
    sms.check(settings)
    register = open_engine(settings.database_url, pool=4)
    clock = RegisterClock(register)
    hold = timedelta(hours=settings.settle_hours)
    believed = SettledClock(register, clock.now, clock.fresh, hold=hold, monotonic=monotonic)
    redis = Redis.from_url(settings.redis_url)
    chores = [relay.Chore("settled", SETTLED_S, believed.keep)]
    chores += _chores(settings, register, context, clock.now, believed.now)
    chores += _of_incidents(register, context, clock.now)
    chores += _of_the_trail(settings, register, context, clock.now)
    chores += _outward(settings, register, context, clock.now)
    chores.append(_settings(register, context))
    chores.append(relay.Chore("maps", MAP_S, Keeper(register, context.datamap, clock.now).run))
    if settings.metrics_listen:
        chores.append(_gauges(register, redis, context, clock, believed))
    return relay.Relay(register, redis, clock.now, chores, poll=settings.poll_s)


def _chores(
    settings: Settings,
    register: Engine,
    context: Context,
    now: Callable[[], datetime],
    settled: Callable[[], datetime],
) -> list[relay.Chore]:
    client = Client(Guard(settings.webhook_allow))
    blobs = blobs_for(settings)
    documents = evidence.open_place(settings)
    every, zone = timedelta(seconds=settings.figures_s * 0.9), making.zone_of(context)

    return [
        *_doorbells(settings, register, context, blobs, now, settled),
        relay.Chore("mail", MAIL_S, lambda: send.send_due(register, context, now)),
        relay.Chore("hooks", MAIL_S, lambda: delivery.deliver_due(register, context, now, client)),
        relay.Chore("watch", 5.0, lambda: sweep.watch_preferences(register, context, now)),
        relay.Chore("clocks", settings.clock_s, lambda: clock_watch.watch(register, context, now)),
        relay.Chore("schedules", QUEUES_S, lambda: clock_watch.schedules(register, context, now)),
        relay.Chore(
            "figures",
            settings.figures_s,
            lambda: figures.renew(register, now, every, zone, context.regimes),
        ),
        relay.Chore("duties", QUEUES_S, lambda: duty_mail.watch(register, context, now)),
        relay.Chore("queues", QUEUES_S, lambda: queued.watch(register, now)),
        relay.Chore("remind", PURGE_S, lambda: _remind(register, context, now)),
        relay.Chore("sent", PURGE_S, lambda: relay.forget_sent(register, now())),
        relay.Chore(
            "evidence",
            EVIDENCE_S,
            lambda: _documents(register, context, documents, now(), settled()),
        ),
        relay.Chore("purge", PURGE_S, lambda: _purge(register, context, blobs, now, settled)),
        *_letters_to_staff(register, context, now),
    ]


def _documents(
    register: Engine, context: Context, place: Blobs | None, now: datetime, settled: datetime
) -> None:
    """Take away the documents whose time is over: of representatives, and of steps done by hand."""
    evidence.destroy(register, place, now=now, settled=settled)
    task_documents.destroy(register, context, place, now=now, settled=settled)


def _doorbells(
    settings: Settings,
    register: Engine,
    context: Context,
    blobs: Blobs,
    now: Callable[[], datetime],
    settled: Callable[[], datetime],
) -> list[relay.Chore]:
    """Return what finds work by what is true, whatever was rung for and lost."""
    known: unanswered.Next = {}
    often = settings.sweep_s
    return [
        relay.Chore("sweep", often, lambda: sweep.sweep(register, context, now, settled)),
        relay.Chore("lines", ringing.EVERY_S, lambda: ringing.ring_waiting(register, context, now)),
        relay.Chore("holds", often, lambda: expiry.ring(register, now, settled)),
        relay.Chore("warnings", often, lambda: warnings_due.ring(register, now)),
        relay.Chore("aftercare", often, lambda: sweep.aftercare(register, now)),
        relay.Chore("lookups", often, lambda: unanswered.ring(register, now, known)),
        relay.Chore("put_off", PURGE_S, lambda: put_off.bring_forward(register, context, now())),
        relay.Chore("spools", PURGE_S, lambda: spools.drop_orphans(register, blobs)),
    ]


def _letters_to_staff(
    register: Engine, context: Context, now: Callable[[], datetime]
) -> list[relay.Chore]:
    alerted: alert_mail.Done = set()
    warned: schedule_mail.Done = {}
    owed: duty_mail.Done = {}
    return [
        relay.Chore("alerts", ALERTS_S, lambda: alert_mail.send(register, context, now, alerted)),
        relay.Chore("years", ALERTS_S, lambda: schedule_mail.send(register, context, now, warned)),
        relay.Chore("calendar", ALERTS_S, lambda: duty_mail.send(register, context, now, owed)),
    ]


def _of_incidents(
    register: Engine, context: Context, now: Callable[[], datetime]
) -> list[relay.Chore]:
    done: incident_mail.Done = set()
    return [
        relay.Chore("incidents", CLOCK_S, lambda: incident_mail.watch(register, now)),
        relay.Chore("alarms", CLOCK_S, lambda: incident_mail.send(register, context, now, done)),
        relay.Chore("told", TOLD_S, lambda: spreading.spread(register, context, now)),
    ]


def _of_the_trail(
    settings: Settings, register: Engine, context: Context, now: Callable[[], datetime]
) -> list[relay.Chore]:
    signer = Signer(settings.signing_key.get_secret_value())
    watch = trail_watch.Watch(settings, register, now)
    done: trail_mail.Done = {}

    def sign() -> None:
        with transaction(register) as session:
            checkpoints.checkpoint(session, signer, now())

    return [
        relay.Chore("checkpoint", settings.checkpoint_s, sign),
        relay.Chore("trail", trail_watch.LOOK_S, watch.look),
        relay.Chore("broken", ALERTS_S, lambda: trail_mail.send(register, context, now, done)),
    ]


def _settings(register: Engine, context: Context) -> relay.Chore:
    def look() -> None:
        live.refresh(register, context, at=time.monotonic())

    return relay.Chore("settings", live.FRESH_S, look)


def _outward(
    settings: Settings, register: Engine, context: Context, now: Callable[[], datetime]
) -> list[relay.Chore]:
    signer = Signer(settings.signing_key.get_secret_value())
    chores = [
        relay.Chore("reports", QUEUES_S, lambda: published.publish(register, context, signer, now)),
        relay.Chore("asked", ASKED_S, lambda: awaited.make_due(register, context, signer, now)),
    ]
    if settings.checkpoints_url:
        chores.append(_keeping(settings, register, now))
    return chores


def _keeping(settings: Settings, register: Engine, now: Callable[[], datetime]) -> relay.Chore:
    from rights.services import kept_checkpoints  # noqa: PLC0415 - boto3 costs 30 MB

    place = kept_checkpoints.open_place(settings)
    assert place is not None
    keeper = kept_checkpoints.Keeper(register, place, settings.checkpoints_days, now)

    def keep() -> None:
        try:
            keeper.run()
        finally:
            metrics.mark("rights_audit_unkept_seconds", keeper.unkept_s())

    return relay.Chore("keep", KEEP_S, keep)


def _gauges(
    register: Engine, redis: Redis, context: Context, clock: RegisterClock, believed: SettledClock
) -> relay.Chore:
    def read() -> None:
        gauges.read(register, redis, context, clock.now)
        metrics.mark("rights_clock_off_seconds", clock.off)
        metrics.mark("rights_clock_unsettled_seconds", believed.behind)

    return relay.Chore("gauges", gauges.EVERY_S, read)


def _remind(register: Engine, context: Context, now: Callable[[], datetime]) -> None:
    with transaction(register) as session:
        send.remind(session, context, now())


def _purge(
    register: Engine,
    context: Context,
    blobs: Blobs,
    now: Callable[[], datetime],
    settled: Callable[[], datetime],
) -> None:
    purge.purge(register, context, blobs, now=now(), settled=settled())
