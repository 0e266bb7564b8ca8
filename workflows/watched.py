"""What workers and relay show to who watches them: metrics, and whether they have all they need."""

from __future__ import annotations

from redis import Redis

from rights import metrics
from rights.metrics.listener import Listener, Ready, bound
from rights.services import readiness
from rights.services.context import Context
from rights.services.readiness import Readiness
from rights.settings import Settings
from rights.store.db import open_engine
from workflows.building import blobs_for

_REDIS_S = 1.0


def listener(context: Context, process: str, *, several: bool) -> Listener | None:
    """
    Return what serves metrics, where that is set; to be begun in each process after the fork.

    Args:
        process: ``worker`` or ``relay``.
        several: It will fork others.

    Raises:
        ConfigError: nothing can listen there.
    """
    listen = context.settings.metrics_listen
    if not listen:
        return None
    at = bound(listen)
    return Listener(at, metrics.start(process, several=several), lambda: _ready(context))


def _ready(context: Context) -> Ready:
    settings: Settings = context.settings
    redis = Redis.from_url(
        settings.redis_url, socket_timeout=_REDIS_S, socket_connect_timeout=_REDIS_S
    )
    found = Readiness(
        {
            "register": readiness.register(open_engine(settings.database_url, pool=1)),
            "redis": readiness.redis(redis.ping),
            "blobs": readiness.blobs(blobs_for(settings)),
            "keys": readiness.keys(context.vault),
        }
    )
    return found.look
