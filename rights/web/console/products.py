"""Products: their keys, which can be revoked, and webhooks, whose lost events can be sent again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from flask import request as call
from sqlmodel import Session
from werkzeug import Response

from rights.domain.duties import Act
from rights.domain.errors import Forbidden, NotFound
from rights.services.console import products
from rights.services.console.products import Hook, Key, Product
from rights.store.db import reading, transaction
from rights.web.console import door, noting, pages, showing
from rights.web.parts import parts

area = door.private("products", Act.MANAGE_PRODUCTS)
pages.errors(area)

_DIGITS: Final = 5


@area.get("/products")
def listed() -> Response:
    """Show every product."""
    return _shown()


def _shown(status: int = 200, *, wrong: list[str] | None = None) -> Response:
    here, again = parts(), call.args.get("again", "")
    now = here.now()
    with reading(here.engine) as session:
        found = products.listed(session, door.staff(), now=now)
    return pages.page(
        "products.html",
        status,
        rows=[_product(one, now) for one in found.products],
        cut=found.cut,
        most=products.MOST,
        again=again if again.isdecimal() and len(again) <= _DIGITS else "",
        wrong=wrong or [],
    )


def _product(one: Product, now: datetime) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "laws": showing.regimes(one.regimes),
        "origins": one.origins,
        "cap": one.level_cap,
        "since": pages.day(one.created_at),
        "closed": pages.day(one.closed_at) if one.closed_at else "",
        "keys": [_key(one, key, now) for key in one.keys],
        "hooks": [_hook(hook) for hook in one.hooks],
    }


def _key(product: Product, one: Key, now: datetime) -> dict[str, Any]:
    """Return one key; of a product that was closed it opens nothing, whatever it says itself."""
    ends = [at for at in (one.revoked_at, one.expires_at, product.closed_at) if at is not None]
    end = min(ends, default=None)
    return {
        "id": one.id,
        "prefix": one.prefix,
        "scopes": one.scopes,
        "since": pages.day(one.created_at),
        "end": pages.moment(end) if end else "",
        "over": product.closed_at is not None or one.over(now),
    }


def _hook(one: Hook) -> dict[str, Any]:
    return {
        "id": one.id,
        "origin": one.origin,
        "events": len(one.events),
        "closed": pages.day(one.closed_at) if one.closed_at else "",
        "waiting": one.waiting,
        "dead": one.dead,
        "since": pages.moment(one.since) if one.since else "",
    }


@area.post("/products/keys/<id:key_id>/revoke")
def revoke(key_id: str) -> Response:
    """End a key at once."""

    def do(session: Session, now: datetime) -> None:
        products.revoke(session, key_id, door.staff(), now=now)

    return _done(do)


@area.post("/products/webhooks/<id:webhook_id>/again")
def again(webhook_id: str) -> Response:
    """Send again what was given up."""

    def do(session: Session, now: datetime) -> int:
        return products.send_again(session, webhook_id, door.staff(), now=now)

    return _done(do)


def _done(do: Callable[[Session, datetime], int | None]) -> Response:
    here = parts()
    try:
        with transaction(here.engine) as session:
            count = do(session, here.now())
    except (Forbidden, NotFound) as error:
        noting.note(error)
        status = 403 if isinstance(error, Forbidden) else 404
        return _shown(status, wrong=pages.refusal(error))
    return pages.go("console-products.listed", **({"again": count} if count else {}))
