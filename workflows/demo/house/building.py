"""Bringing the house up, in an order that keeps both cores busy, and taking it down again."""

from __future__ import annotations

import os
import random
import secrets
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from workflows.demo.company.filling import Bucket, Places, fill, lay_out
from workflows.demo.company.people import Company, found
from workflows.demo.company.shop import stock
from workflows.demo.house import FILLED, leftovers, newsletter_engine
from workflows.demo.house.backend import ShopBackend
from workflows.demo.house.credentials import Credentials, credentials
from workflows.demo.house.roles import Roles
from workflows.demo.house.settings import Addresses
from workflows.demo.house.terminal import Terminal
from workflows.embedded import s3
from workflows.embedded.process import new_folder
from workflows.embedded.sms import Texts
from workflows.embedded.smtp import Sink
from workflows.embedded.valkey import Valkey

BUCKET: Final = "company-files"


@dataclass(frozen=True, slots=True)
class House:
    """
    A running demo.

    Args:
        folder: Everything that is on disk, logs included.
        again: It was started before on the same folder, so its stores may have changed.
    """

    folder: Path
    company: Company
    places: Places
    addresses: Addresses
    credentials: Credentials = field(repr=False)
    backend: ShopBackend
    sink: Sink
    texts: Texts
    valkey: Valkey
    valkey_folder: Path
    roles: Roles
    terminal: Terminal
    again: bool

    @property
    def own_folders(self) -> tuple[Path, ...]:
        """Where this product itself writes: register, packages, logs and queue."""
        register = sorted(self.folder.glob("register.db*"))
        return (*register, self.folder / "blobs", self.folder / "logs", self.valkey_folder)


@contextmanager
def building(
    terminal: Terminal, *, state: Path | None, port: int = 0, website: bool = False
) -> Iterator[House]:
    """
    Yield a running house, and take everything down afterwards.

    Args:
        state: Where to keep what is kept; a folder that goes with us when none is given.
        port: Of the web; any free one when 0.
        website: Show the shop's own pages too.
    """
    with ExitStack() as stack:
        folder = _folder(stack, state)
        house = _up(stack, terminal, folder, keep=state is not None, port=port, website=website)
        stack.callback(terminal.say, "stopping")
        yield house


def _folder(stack: ExitStack, state: Path | None) -> Path:
    if state is not None:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        return state.resolve()
    leftovers.clear()
    folder = leftovers.new_folder()
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _up(
    stack: ExitStack, terminal: Terminal, folder: Path, *, keep: bool, port: int, website: bool
) -> House:
    terminal.say(f"everything is in {folder}")
    keys = credentials(folder)
    sink = Sink(on_message=terminal.mail)
    stack.callback(sink.stop)
    texts = _texts(stack, terminal)
    valkey_folder = new_folder("valkey")  # its socket's path must be short, wherever the rest is
    valkey = Valkey(valkey_folder)
    stack.callback(valkey.stop)
    chance = random.Random(os.urandom(16))
    with ThreadPoolExecutor(max_workers=1) as beside:
        objects = beside.submit(_objects, stack, folder, chance, keep=keep)
        company = found(_day(folder))
        newsletter = stack.enter_context(newsletter_engine.place(folder, keep=keep))
        server = objects.result()
    places = _places(folder, newsletter, server)
    where = Addresses(folder, valkey.url, sink.port, places, sms=(texts.url, texts.token))
    terminal.say("servers up: Valkey, S3, SMTP, text messages")
    roles = Roles(where, keys, chance, web_port=port, website=website)
    stack.callback(roles.stop)
    again = (folder / FILLED).exists()
    backend = _fill_and_start(terminal, folder, company, roles)
    return House(
        folder,
        company,
        places,
        roles.addresses,
        keys,
        backend,
        sink,
        texts,
        valkey,
        valkey_folder,
        roles,
        terminal,
        again,
    )


def _fill_and_start(
    terminal: Terminal, folder: Path, company: Company, roles: Roles
) -> ShopBackend:
    """Fill the stores while web, relay and workers start; the last need to see tables only."""
    with (
        terminal.step("register made, web, console, relay and workers started"),
        ThreadPoolExecutor(max_workers=1) as beside,
    ):
        front = beside.submit(roles.start_front)
        with _filled(terminal, folder, company, roles.addresses.places):
            roles.start_recommender()
            roles.register_made.wait()
            roles.start_back()
        return front.result()


@contextmanager
def _filled(terminal: Terminal, folder: Path, company: Company, places: Places) -> Iterator[None]:
    """Lay the stores out, let the block run, and fill them; only once for each folder."""
    if (folder / FILLED).exists():
        yield
        return
    with terminal.step(f"five stores filled: {len(company.people)} people"):
        shop = stock(company)
        lay_out(company, shop, places)
        yield
        fill(company, shop, places)
    (folder / FILLED).write_text(company.today.isoformat())


def _day(folder: Path) -> date:
    kept = folder / FILLED
    if kept.exists():
        return date.fromisoformat(kept.read_text())
    return datetime.now(UTC).date()


def _texts(stack: ExitStack, terminal: Terminal) -> Texts:
    texts = Texts(token=secrets.token_urlsafe(16), on_text=terminal.text)
    stack.callback(texts.stop)
    return texts


def _objects(stack: ExitStack, folder: Path, chance: random.Random, *, keep: bool) -> s3.S3Server:
    place = folder / "s3"
    place.mkdir(exist_ok=True)
    server = s3.start(chance, folder=place)
    stack.callback(server.stop, keep=keep)
    return server


def _places(folder: Path, newsletter: str, server: s3.S3Server) -> Places:
    return Places(
        shop=f"sqlite:///{folder / 'shop.db'}",
        assistant=f"sqlite:///{folder / 'assistant.db'}",
        newsletter=newsletter,
        recommender=folder / "recommender.db",
        files=Bucket(server.endpoint, BUCKET, server.access_key, server.secret_key),
    )
