"""Reasons for what was not done, in words for the person."""

from __future__ import annotations

from rights.services.reasons import catalogue


def for_staff() -> tuple[str, ...]:
    """Return the codes with which a member of staff may leave a step out."""
    return tuple(code for code, reason in catalogue().items() if reason.leave_out)


def reason(code: str) -> dict[str, str]:
    """Return the words of a code, keys ``zh`` and ``en``."""
    known = catalogue().get(code) or catalogue()["left_out"]
    return dict(known.texts)
