"""The cases of ``tests/links``, on every engine."""

from __future__ import annotations

from tests.links.conftest import _quick, anywhere, case, register_template

__all__ = ["_quick", "anywhere", "case", "register_template"]
