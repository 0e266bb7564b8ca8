"""
The web's composition root: one application, any subset of the surfaces.

Nothing here or below it can load a connector, and the process holds no credential of a store.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from flask import Flask
from sqlalchemy import Engine
from werkzeug.middleware.proxy_fix import ProxyFix

from rights import logs, metrics, traces
from rights.domain.errors import ConfigError
from rights.metrics.listener import Listener, address, bound
from rights.net import Guard
from rights.services import (
    datamap,
    disturbances,
    drafts,
    evidence,
    keeping,
    policy_files,
    readiness,
    regime_choice,
    regimes,
)
from rights.services.backends import LiveKeys
from rights.services.context import Context, fitting
from rights.services.disturbances import teller
from rights.services.live_settings.in_force import InForce
from rights.services.network_identity.calls import Bridges
from rights.services.organisation import profile_defaults, profile_files
from rights.services.readiness import Readiness
from rights.services.sign_in.directory import Directory
from rights.services.staff_access import provider
from rights.settings import Settings
from rights.store.blobs import Blobs, open_blobs
from rights.store.db import RegisterClock, open_engine
from rights.store.keys import Keyring
from rights.store.vault import Vault
from rights.web import headers, keeping_up, problems, ready, watching
from rights.web.ids import HexId
from rights.web.limits import Limits
from rights.web.parts import NAME, Parts
from rights.web.server import run
from rights.web.whole import Whole

SURFACES = ("api", "portal", "console")
"""What a process may serve; the console is meant for a host of its own."""

USUAL = ("api", "portal")


def create_app(
    settings: Settings,
    surfaces: Sequence[str] = USUAL,
    *,
    context: Context | None = None,
    now: Callable[[], datetime] | None = None,
    threads: int = 8,
) -> Flask:
    """
    Return the application.

    Args:
        context: What services need, when the caller has built it already.
        now: The time, when the caller keeps it; else the register's.
        threads: How many calls this process serves at once.

    Raises:
        ConfigError: a surface is unknown, or a setting, key, regime, the policy or the data map is
            wrong.
    """
    app = routed(surfaces, https=_address(settings, surfaces).startswith("https://"))
    equip(app, settings, surfaces, context or context_of(settings), now=now, threads=threads)
    return app


def _address(settings: Settings, surfaces: Sequence[str]) -> str:
    """Return where this process is reached."""
    return settings.console_address if {*surfaces} == {"console"} else settings.base_url


def routed(surfaces: Sequence[str], *, https: bool) -> Flask:
    """
    Return an application that knows its pages and calls, and has nothing to answer them with yet.

    Args:
        https: It is reached over TLS.

    Raises:
        ConfigError: a surface is unknown.
    """
    unknown = sorted(set(surfaces) - set(SURFACES))
    if unknown or not surfaces:
        raise ConfigError(f"surfaces are {', '.join(SURFACES)}, not {', '.join(unknown) or 'none'}")
    app = Flask("rights", root_path=str(Path(__file__).parent / "web"))
    app.request_class = Whole
    app.config.update(PROVIDE_AUTOMATIC_OPTIONS=False)
    app.url_map.merge_slashes = False
    watching.register(app)
    problems.register(app)
    headers.register(app, https=https)
    keeping_up.register(app)
    app.url_map.converters["id"] = HexId
    for name in surfaces:
        _OPEN[name](app)
    if "api" not in surfaces:
        look = ready.portal if "portal" in surfaces else ready.staff
        app.register_blueprint(ready.at_the_root(look))
    return app


def equip(
    app: Flask,
    settings: Settings,
    surfaces: Sequence[str],
    context: Context,
    *,
    now: Callable[[], datetime] | None,
    threads: int = 8,
) -> None:
    """
    Give an application what it answers with; the arguments are those of :func:`create_app`.

    Raises:
        ConfigError: a setting or key is wrong.
    """
    app.config.update(MAX_CONTENT_LENGTH=settings.max_body_bytes)
    here = app.extensions[NAME] = _parts(settings, context, now, threads)
    if "console" in surfaces:
        provider.check(settings, here.guard)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]  # as Flask documents


# -- the surfaces: a process loads the code of those that it serves, and of no other ------------


def _api(app: Flask) -> None:
    from rights.web import pages  # noqa: PLC0415 - a console alone never loads the API
    from rights.web.api import AREAS  # noqa: PLC0415 - see above
    from rights.web.openapi import contract  # noqa: PLC0415 - see above

    found = contract(app)
    for area in AREAS:
        found.register_blueprint(area)
    pages.register(app, found.spec)


def _portal(app: Flask) -> None:
    from rights.web import portal  # noqa: PLC0415 - an API alone never loads the pages

    for blueprint in portal.AREAS:
        app.register_blueprint(blueprint)


def _console(app: Flask) -> None:
    from rights.web import console  # noqa: PLC0415 - only the console's process has its code

    for blueprint in console.AREAS:
        app.register_blueprint(blueprint)


_OPEN = {"api": _api, "portal": _portal, "console": _console}


# -- serving -------------------------------------------------------------------------------------


def serve(
    settings: Settings,
    host: str = "127.0.0.1",
    port: int = 8080,
    workers: int = 2,
    threads: int = 8,
    surfaces: Sequence[str] = USUAL,
) -> None:
    """
    Serve the application until told to stop.

    Args:
        workers: Processes. Threads are those of each of them.

    Raises:
        ConfigError: like :func:`create_app`.
    """
    logs.configure()
    run(
        lambda: create_app(settings, surfaces, threads=threads),
        host=host,
        port=port,
        workers=workers,
        threads=threads,
        listener=_listener(settings, port),
        began=lambda: traces.start(settings, "web"),
    )


def _listener(settings: Settings, port: int) -> Listener | None:
    """Return what serves metrics, where that is set: never where the public comes in."""
    if not settings.metrics_listen:
        return None
    if address(settings.metrics_listen)[1] == port:
        raise ConfigError("RIGHTS_METRICS_LISTEN: is the port of the web: choose another")
    at = bound(settings.metrics_listen)
    return Listener(at, metrics.start("web", several=True))


def context_of(settings: Settings) -> Context:
    """Return what services need, read from the settings' files."""
    found, book = datamap.load(settings.datamap), regimes.regimes(settings.regimes_override)
    profile = profile_files.profile(settings.organisation)
    regime_choice.check(settings, book)
    keeping.check(settings, book)
    drafts.check(settings.drafts)
    return Context(
        in_force=InForce(profile_defaults.settled(settings, profile)),
        vault=Vault(Keyring.parse(settings.keys.get_secret_value())),
        datamap=found,
        regimes=book,
        policy=fitting(policy_files.policy(settings.policy), found),
        profile=profile,
    )


def _parts(
    settings: Settings, context: Context, now: Callable[[], datetime] | None, threads: int
) -> Parts:
    engine, guard = open_engine(settings.database_url, pool=threads), Guard(settings.webhook_allow)
    limits = Limits(settings)
    clock = now or RegisterClock(engine).now
    blobs = open_blobs(
        settings.blobs_url,
        access_key=settings.blobs_access_key,
        secret_key=settings.blobs_secret_key.get_secret_value(),
        region=settings.blobs_region,
    )
    documents = evidence.open_place(settings)
    return Parts(
        context=context,
        engine=engine,
        blobs=blobs,
        guard=guard,
        directory=Directory(guard, teller(engine, disturbances.SIGN_IN, clock)),
        bridges=Bridges(guard, teller(engine, disturbances.BRIDGE, clock)),
        keys=LiveKeys(engine),
        limits=limits,
        readiness=_readiness(engine, limits, blobs, documents, context.vault),
        now=clock,
        evidence=documents,
    )


def _readiness(
    engine: Engine, limits: Limits, blobs: Blobs, documents: Blobs | None, vault: Vault
) -> Readiness:
    looks = {
        "register": readiness.register(engine),
        "redis": readiness.redis(limits.reachable),
        "blobs": readiness.blobs(blobs),
        "keys": readiness.keys(vault),
    }
    if documents is not None:
        looks["evidence"] = readiness.blobs(documents)
    return Readiness(looks)
