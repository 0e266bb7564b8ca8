"""
Under which laws a request is handled, and why under these.

Those that were named, else those of the product it comes from, else those of the deployment: of
whom nothing says where they live, with the law of the mainland where its users may be among them
(``Settings.mainland_users``). One that turns out later is added (``laws_added``). A
name that is no law here keeps nobody's request out: what has to be assumed instead counts too.

Source: PIPL 3; NDSR 2; NDSR 23 (requests are taken in at once).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from rights.domain.errors import ConfigError
from rights.domain.regime import Regime
from rights.services.regimes import FALLBACK
from rights.settings import Settings

ASKED: Final = "asked"
PRODUCT: Final = "product"
DEPLOYMENT: Final = "deployment"
ASSUMED: Final = "fallback"

REASONS: Final = (ASKED, PRODUCT, DEPLOYMENT, ASSUMED)
"""Why a request is handled under its laws; the last: one that was named is not known here."""


class Chosen(NamedTuple):
    """The laws of a request, at least one, each known; and one of :data:`REASONS`."""

    names: tuple[str, ...]
    because: str


def choose(
    asked: Sequence[str],
    product: Sequence[str],
    deployment: Sequence[str],
    book: Container[str],
) -> Chosen:
    """
    Return the laws of a request.

    Args:
        asked: Named with the request; may be unknown, as may the next.
        product: Those of the backend it comes from.
        deployment: Those of the settings.
    """
    for names, because in ((asked, ASKED), (product, PRODUCT), (deployment, DEPLOYMENT)):
        if names:
            return _known(names, because, book)
    return Chosen((FALLBACK,), ASSUMED)


def _known(names: Iterable[str], because: str, book: Container[str]) -> Chosen:
    said = tuple(dict.fromkeys(names))
    known = tuple(name for name in said if name in book)
    if known == said:
        return Chosen(known, because)
    return Chosen(tuple(dict.fromkeys((*known, FALLBACK))), ASSUMED)


def check(settings: Settings, book: Mapping[str, Regime]) -> None:
    """
    Refuse a deployment that names no law, or one that is not there.

    Raises:
        ConfigError: which ones, and those that there are.
    """
    wrong = [name for name in settings.default_regimes if name not in book]
    known = ", ".join(sorted(book))
    if wrong or not settings.default_regimes:
        told = f"{', '.join(wrong)} is no regime" if wrong else "names no regime"
        problem = f"RIGHTS_DEFAULT_REGIMES: {told}: name at least one of {known}"
        raise ConfigError(problem, [problem])
