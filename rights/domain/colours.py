"""
Whether two colours can be told apart by everybody.

Source: WCAG 2.2, 1.4.3 and its definition of contrast ratio.
"""

from __future__ import annotations

from typing import Final

READABLE: Final = 4.5
"""The least contrast of text with what it stands on."""

_WEIGHTS: Final = (0.2126, 0.7152, 0.0722)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, each ``#rrggbb``: 1 (the same) to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)  # noqa: PLR2004 - the standard's own numbers
    return sum(weight * part for weight, part in zip(_WEIGHTS, linear, strict=True))
