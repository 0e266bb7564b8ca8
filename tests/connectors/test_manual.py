"""The connector of places where people act by hand promises nothing, and reaches nothing."""

from __future__ import annotations

from connectors import registry
from connectors.manual import Manual


def test_it_has_no_verb_and_says_so() -> None:
    (made,) = registry.load(["manual"]).values()

    registry.check_manifest(made)
    assert made.manifest.verbs == frozenset()
    assert {"en", "zh-CN"} <= made.manifest.title.keys()


def test_there_is_nothing_to_set_and_nothing_to_reach() -> None:
    made = registry.build(Manual, {})

    made.probe()
    made.close_connections()
    made.probe()
