"""How the recommender thinks: tags from purchases, one score per person, a feed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

MODEL: Final = "coupon-tier-2026.2"
_TIERS: Final = ((70, "gold"), (40, "silver"), (0, "basic"))
_MOST_ORDERS, _MOST_SPENT, _MOST_DAYS = 10, 40, 30
_CENTS_PER_POINT: Final = 5000
_DAYS_PER_POINT: Final = 60


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the decision reads about one person, and all it reads."""

    orders_count: int
    spent_cents: int
    account_days: int


@dataclass(frozen=True, slots=True)
class Decided:
    """A score from 0 to 100 and the tier of coupons it brings."""

    score: int
    outcome: str
    model: str = MODEL


def decide(inputs: Inputs) -> Decided:
    """
    Return the coupon tier of one person.

    Three points for each order up to ten, one for every 50.00 spent up to forty, one for every
    sixty days since joining up to thirty. From 70 gold, from 40 silver, below basic.
    """
    score = 3 * min(inputs.orders_count, _MOST_ORDERS)
    score += min(inputs.spent_cents // _CENTS_PER_POINT, _MOST_SPENT)
    score += min(inputs.account_days // _DAYS_PER_POINT, _MOST_DAYS)
    outcome = next(name for least, name in _TIERS if score >= least)
    return Decided(score, outcome)


def feed(
    catalogue: Sequence[tuple[str, str]], interests: Iterable[str], *, personalised: bool
) -> list[str]:
    """
    Return article numbers in the order to show them.

    Args:
        catalogue: Article number and interest, best-selling first.
        personalised: False puts nobody's traits before anybody else's.
    """
    if not personalised:
        return [sku for sku, _ in catalogue]
    liked = frozenset(interests)
    return [sku for sku, _ in sorted(catalogue, key=lambda pair: pair[1] not in liked)]
