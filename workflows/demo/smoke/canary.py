"""
Proof that no shadow copy is left: a word that exists nowhere else, planted and looked for.

It is planted in one person's data and identifiers before they ask for deletion. Afterwards it
may be nowhere: not in a row or object of any store, and in no byte of the register, the
queue, the packages or the logs, where it only ever was sealed.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from redis import Redis
from sqlalchemy import create_engine, func, update

from workflows.demo.company import assistant, newsletter, shop_tables
from workflows.demo.company.filling import Places
from workflows.demo.company.people import Person
from workflows.demo.smoke.bystanders import Everything

_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Canary:
    """
    The word, and the person who carries it.

    Args:
        person: As they are known once it was planted: their e-mail address holds it too.
    """

    word: str
    person: Person


def plant(places: Places, person: Person) -> Canary:
    """Put a fresh word into what is known about *person*."""
    word = f"canary{secrets.token_hex(8)}"
    carrier = replace(person, name=f"{person.name} {word}", email=f"{word}@example.com")
    _in_shop(places.shop, person, carrier, word)
    _in_assistant(places.assistant, person, word)
    _in_newsletter(places.newsletter, person, carrier)
    client = places.files.client()
    client.put_object(
        Bucket=places.files.name,
        Key=f"uploads/{person.id}/diary.txt",
        Body=f"{word}\n".encode(),
        ContentType="text/plain",
    )
    client.close()
    return Canary(word, carrier)


def _in_shop(url: str, person: Person, carrier: Person, word: str) -> None:
    orders = shop_tables.ORDERS
    addresses, reviews = shop_tables.ADDRESSES, shop_tables.REVIEWS
    theirs = func.lower(orders.c.guest_email) == person.email.lower()
    _run(
        url,
        update(shop_tables.USERS)
        .where(shop_tables.USERS.c.id == person.id)
        .values(name=carrier.name, email=carrier.email, city=word),
        update(addresses).where(addresses.c.user_id == person.id).values(street=word),
        update(orders)
        .where(orders.c.user_id == person.id)
        .values(ship_to=carrier.name, ship_street=word, note=word),
        update(orders).where(theirs).values(guest_email=carrier.email.upper(), note=word),
        update(reviews).where(reviews.c.user_id == person.id).values(body=word),
    )


def _in_assistant(url: str, person: Person, word: str) -> None:
    talks, prompts, known = assistant.CONVERSATIONS, assistant.PROMPTS, assistant.MEMORY_ENTRIES
    account = str(person.id)
    talk = talks.select().with_only_columns(talks.c.id).where(talks.c.account == account)
    _run(
        url,
        update(prompts).where(prompts.c.conversation_id.in_(talk)).values(body=word),
        update(known).where(known.c.account == account).values(fact=word),
    )


def _in_newsletter(url: str, person: Person, carrier: Person) -> None:
    readers = newsletter.SUBSCRIBERS
    values = {"email": carrier.email, "name": carrier.name}
    _run(url, update(readers).where(readers.c.email == person.email).values(values))


def _run(url: str, *statements: Any) -> None:
    engine = create_engine(url, hide_parameters=True)
    try:
        with engine.begin() as connection:
            for statement in statements:
                if not connection.execute(statement).rowcount:
                    raise LookupError("the canary found no row to sit in: the cast has changed")
    finally:
        engine.dispose()


def in_stores(canary: Canary, all_rows: Everything, places: Places) -> list[str]:
    """Return the tables and objects that still hold the word."""
    word = canary.word
    found = [
        path
        for path, table in all_rows.tables.items()
        if any(word in repr(row).lower() for row in table.rows)
    ]
    return [*found, *_in_objects(canary.person, places)]


def _in_objects(person: Person, places: Places) -> Iterator[str]:
    client = places.files.client()
    versions = client.get_paginator("list_object_versions")
    for folder in ("avatars", "uploads"):
        prefix = f"{folder}/{person.id}/"
        for page in versions.paginate(Bucket=places.files.name, Prefix=prefix):
            for version in page.get("Versions", ()):
                yield f"files.{version['Key'].partition('/')[0]}"
    client.close()


def in_files(canary: Canary, *folders: Path) -> list[str]:
    """Return the files below *folders* that hold the word in clear."""
    needle = canary.word.encode()
    return [
        str(file.name)
        for folder in folders
        for file in sorted(folder.rglob("*") if folder.is_dir() else [folder])
        if file.is_file() and _holds(file, needle)
    ]


def _holds(file: Path, needle: bytes) -> bool:
    """Read in pieces that overlap, so that no edge hides the word."""
    before = b""
    with file.open("rb") as source:
        while piece := source.read(_CHUNK):
            window = (before + piece).lower()
            if needle in window:
                return True
            before = piece[-len(needle) :]
    return False


def in_queue(canary: Canary, url: str) -> list[str]:
    """Return whether Redis holds the word: key names and values as it stores them."""
    needle = canary.word.encode()
    with Redis.from_url(url) as client:
        dumps = ((key, client.dump(key) or b"") for key in client.scan_iter())
        return ["redis" for key, value in dumps if needle in key or needle in value]
