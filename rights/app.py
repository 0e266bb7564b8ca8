"""
The web's composition root: one application, any subset of the surfaces.

Nothing here or below it can load a connector, and the process holds no credential of a store.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from rights import logs
from rights.domain.errors import ConfigError
from rights.net import Guard
from rights.services import datamap, evidence, policy_files, regimes
from rights.services.backends import LiveKeys
from rights.services.context import Context
from rights.services.sign_in.directory import Directory
from rights.settings import Settings
from rights.store.blobs import open_blobs
from rights.store.db import RegisterClock, open_engine
from rights.store.keys import Keyring
from rights.store.vault import Vault
from rights.web import headers, pages, portal, problems
from rights.web.api import AREAS
from rights.web.limits import Limits
from rights.web.openapi import HexId, contract
from rights.web.parts import NAME, Parts
from rights.web.server import run

SURFACES = ("api", "portal")


def create_app(
    settings: Settings,
    surfaces: Sequence[str] = SURFACES,
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
    unknown = sorted(set(surfaces) - set(SURFACES))
    if unknown or not surfaces:
        raise ConfigError(f"surfaces are {', '.join(SURFACES)}, not {', '.join(unknown) or 'none'}")
    app = Flask("rights", root_path=str(Path(__file__).parent / "web"))
    app.config.update(MAX_CONTENT_LENGTH=settings.max_body_bytes, PROVIDE_AUTOMATIC_OPTIONS=False)
    app.url_map.merge_slashes = False
    app.extensions[NAME] = _parts(settings, context or context_of(settings), now, threads)
    problems.register(app)
    headers.register(app, https=settings.base_url.startswith("https://"))
    app.url_map.converters["id"] = HexId
    for name in surfaces:
        _OPEN[name](app)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]  # as Flask documents
    return app


def _api(app: Flask) -> None:
    found = contract(app)
    for area in AREAS:
        found.register_blueprint(area)
    pages.register(app, found.spec)


def _portal(app: Flask) -> None:
    for blueprint in portal.AREAS:
        app.register_blueprint(blueprint)


_OPEN = {"api": _api, "portal": _portal}


def serve(
    settings: Settings,
    host: str = "127.0.0.1",
    port: int = 8080,
    workers: int = 2,
    threads: int = 8,
    surfaces: Sequence[str] = SURFACES,
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
    )


def context_of(settings: Settings) -> Context:
    """Return what services need, read from the settings' files."""
    return Context(
        settings=settings,
        vault=Vault(Keyring.parse(settings.keys.get_secret_value())),
        datamap=datamap.load(settings.datamap),
        regimes=regimes.regimes(settings.regimes_override),
        policy=policy_files.policy(settings.policy),
    )


def _parts(
    settings: Settings, context: Context, now: Callable[[], datetime] | None, threads: int
) -> Parts:
    engine, guard = open_engine(settings.database_url, pool=threads), Guard(settings.webhook_allow)
    return Parts(
        context=context,
        engine=engine,
        blobs=open_blobs(
            settings.blobs_url,
            access_key=settings.blobs_access_key,
            secret_key=settings.blobs_secret_key.get_secret_value(),
            region=settings.blobs_region,
        ),
        guard=guard,
        directory=Directory(guard),
        keys=LiveKeys(engine),
        limits=Limits(settings),
        now=now or RegisterClock(engine).now,
        evidence=evidence.open_place(settings),
    )
