"""
How often the tests' own process looks for garbage.

Twelve thousand tests are a million objects that stay to the end. Gone through again and again, with
what each test leaves, they took an eighth of the time of all tests.
"""

from __future__ import annotations

import gc

_YOUNG, _MIDDLE, _OLD = 20_000, 50, 100
"""So many new objects, and so many looks at younger ones, come before a look at all of an age."""


def pytest_configure() -> None:
    """Look more seldom: reading the tests makes hardly any garbage."""
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)


def pytest_collection_finish() -> None:
    """Leave out of every later look what the tests are made of."""
    gc.collect()
    gc.freeze()
