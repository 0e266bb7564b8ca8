"""A shop with its stores, the rights service beside it, and a job that computes tags."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rights.store import migrate
from tests.web.house import Clock as WebClock
from tests.web.house import House, furnish, settings_for
from tests.workflows.house import Clock, floor_over
from tests.workflows.test_rights import WIDER
from workflows.floor import Floor
from workflows.jobs import work_on

ANN = {"user_id": "1", "email": "ann@example.com"}
OWL = "night-owl-4711"
MAP = WIDER.replace("basis: consent}", "basis: consent, use: training}")


@dataclass
class Town:
    """A shop with its stores, the rights service beside it, and a job that computes tags."""

    house: House
    floor: Floor
    tables: dict[str, dict[str, list[dict[str, Any]]]]
    seen: list[tuple[str, str, datetime]]

    def nightly(self, **who: str) -> None:
        """Compute tags from all behaviour there is, as a job of the product: it asks first."""
        by = who or {"type": "user_id"}
        mails = {str(u["id"]): u["email"] for u in self.tables["shop"]["users"]}
        items = [
            {
                "type": by["type"],
                "value": user if by["type"] == "user_id" else mails[user],
                "tag": tag,
                "recorded_at": at.isoformat(),
            }
            for user, tag, at in self.seen
        ]
        answer = self.house.post("/v1/suppression/tags", {"items": items})
        assert answer.status_code == 200, answer.json
        have = self.tables["shop"]["tags"]
        for (user, tag, _), may in zip(self.seen, answer.json["items"], strict=True):
            row = {"user_id": int(user), "tag": tag}
            if may["allowed"] and row not in have:
                have.append(row)

    @property
    def tags(self) -> set[tuple[int, str]]:
        return {(row["user_id"], row["tag"]) for row in self.tables["shop"]["tags"]}

    def asked(self, option: str, subject: Any = ANN, **more: Any) -> str:
        """Let somebody who is signed in ask for something, and do it."""
        made = self.house.asserted(
            "recommendation_opt_out", subject, "session", option=option, **more
        )
        self.done(made["id"])
        return str(made["id"])

    def done(self, request_id: str) -> None:
        work_on(self.floor, request_id)

    def word(self, subject: Any = ANN) -> str:
        return self.house.partner.assertion(subject, self.house.clock.now(), "session")

    def flag(self, name: str = "personalised") -> str:
        read = self.house.post("/v1/preferences/read", {"subject": ANN, "name": name})
        return str(read.json["value"])

    def ledger(self, purpose: str) -> list[tuple[str, str, str]]:
        body = {"subject": ANN, "purpose": purpose}
        lines = self.house.post("/v1/consents/read", body).json["items"]
        return [(n["state"], n["given_by"], n["source"]) for n in lines]


class BothClocks(WebClock, Clock):
    """One time for the web and for the workers."""

    def __call__(self) -> datetime:
        return self.at


def _tables() -> dict[str, dict[str, list[dict[str, Any]]]]:
    def user(number: int, name: str) -> dict[str, Any]:
        mail = f"{name}@example.com"
        return {"id": number, "email": mail, "personalised": True, "ads": True, "status": "open"}

    empty: dict[str, list[dict[str, Any]]] = {"orders": [], "credit": [], "coupons": [], "tags": []}
    return {
        "shop": {"users": [user(1, "ann"), user(2, "bo")], **empty},
        "letters": {"subscribers": []},
    }


@contextmanager
def tag_town(folder: Path, redis_url: str) -> Iterator[Town]:
    """Yield one where a night has passed: everybody has the tags of their behaviour."""
    url = f"sqlite:///{folder / 'register.db'}"
    migrate.upgrade(url)
    datamap = folder / "map.yaml"
    datamap.write_text(MAP, encoding="utf-8")
    clock, tables = BothClocks(), _tables()
    settings = settings_for(url, redis_url, folder, datamap=datamap)
    house = furnish(settings, clock=clock)
    floor = floor_over(folder, MAP, tables, clock, register_url=url, backoff_s=(5.0,))
    old = clock.at - timedelta(days=30)
    town = Town(house, floor, tables, [("1", "tea", old), ("1", OWL, old), ("2", "tea", old)])
    town.nightly()
    yield town
    floor.register.dispose()
    town.house.engine.dispose()
    town.house.parts.limits.close()
