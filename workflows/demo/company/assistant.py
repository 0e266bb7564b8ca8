"""The shopping assistant: what people asked a model, what it answered, and what it remembers."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Boolean, Column, DateTime, ForeignKey, Integer, MetaData, String, Table, Text

from workflows.demo.company.people import Company, Person
from workflows.demo.company.words import happens, words

METADATA: Final = MetaData()

CONVERSATIONS: Final = Table(
    "conversations",
    METADATA,
    Column("id", Integer, primary_key=True),
    # The assistant's team keeps account numbers as text.
    Column("account", String(20), nullable=False, index=True),
    Column("title", String(120)),
    Column("use_for_training", Boolean, nullable=False),
    Column("started_at", DateTime, nullable=False),
)
PROMPTS: Final = Table(
    "prompts",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False, index=True),
    Column("body", Text, nullable=False),
    Column("created_at", DateTime, nullable=False),
)
REPLIES: Final = Table(
    "replies",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("prompt_id", ForeignKey("prompts.id"), nullable=False, index=True),
    Column("body", Text, nullable=False),
    Column("model", String(40), nullable=False),
    Column("created_at", DateTime, nullable=False),
)
MEMORY_ENTRIES: Final = Table(
    "memory_entries",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("account", String(20), nullable=False, index=True),
    Column("fact", Text, nullable=False),
    Column("learned_at", DateTime, nullable=False),
)
EMBEDDINGS: Final = Table(
    "embeddings",
    METADATA,
    Column("id", Integer, primary_key=True),
    # What was embedded: a prompt or a memory entry. No foreign key can say that.
    Column("source_type", String(20), nullable=False),
    Column("source_id", Integer, nullable=False, index=True),
    Column("model", String(40), nullable=False),
    Column("vector", Text, nullable=False),
)

_MODEL: Final = "shopping-assistant-3"
_EMBEDDER: Final = "sentence-vectors-2"
_DIMENSIONS: Final = 8
Rows = list[dict[str, Any]]


def talk(company: Company) -> Mapping[Table, Rows]:
    """Return the rows of the assistant's tables."""
    dice = company.dice("assistant")
    rows: dict[Table, Rows] = {table: [] for table in METADATA.sorted_tables}
    for person in company.people:
        for _ in range(2 if person.role else dice.choice((0, 0, 1, 1))):
            _converse(dice, company, person, rows)
        for _ in range(2 if person.role else dice.choice((0, 1))):
            _remember(dice, company, person, rows)
    rows[EMBEDDINGS] = [
        {"id": number, **source, "model": _EMBEDDER, "vector": _vector(dice)}
        for number, source in enumerate(_sources(rows), 1)
    ]
    return rows


def _converse(
    dice: random.Random, company: Company, person: Person, rows: dict[Table, Rows]
) -> None:
    number = len(rows[CONVERSATIONS]) + 1
    start = company.midnight - timedelta(days=dice.randrange(1, 300), minutes=dice.randrange(1440))
    exchanges = list(_exchanges(dice, person))
    rows[CONVERSATIONS].append(
        {
            "id": number,
            "account": str(person.id),
            "title": exchanges[0][0][:60],
            "use_for_training": happens(dice, "training"),
            "started_at": start,
        }
    )
    for minute, (question, answer) in enumerate(exchanges):
        _exchange(rows, number, start + timedelta(minutes=minute), question, answer)


def _exchange(
    rows: dict[Table, Rows], conversation: int, at: datetime, question: str, answer: str
) -> None:
    prompt = len(rows[PROMPTS]) + 1
    rows[PROMPTS].append(
        {"id": prompt, "conversation_id": conversation, "body": question, "created_at": at}
    )
    reply = {"id": prompt, "prompt_id": prompt, "body": answer, "model": _MODEL}
    rows[REPLIES].append({**reply, "created_at": at + timedelta(seconds=3)})


def _exchanges(dice: random.Random, person: Person) -> Iterator[tuple[str, str]]:
    facts = words()
    pairs = list(zip(facts["prompts"][person.tongue], facts["replies"][person.tongue], strict=True))
    yield from dice.sample(pairs, dice.randrange(1, 4))


def _remember(
    dice: random.Random, company: Company, person: Person, rows: dict[Table, Rows]
) -> None:
    rows[MEMORY_ENTRIES].append(
        {
            "id": len(rows[MEMORY_ENTRIES]) + 1,
            "account": str(person.id),
            "fact": dice.choice(words()["memories"][person.tongue]),
            "learned_at": company.midnight - timedelta(days=dice.randrange(1, 200)),
        }
    )


def _sources(rows: Mapping[Table, Rows]) -> Iterator[dict[str, Any]]:
    yield from ({"source_type": "prompt", "source_id": row["id"]} for row in rows[PROMPTS])
    yield from ({"source_type": "memory", "source_id": row["id"]} for row in rows[MEMORY_ENTRIES])


def _vector(dice: random.Random) -> str:
    return json.dumps([round(dice.uniform(-1, 1), 3) for _ in range(_DIMENSIONS)])
