"""The shape of what says how gently a store is asked."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, validates_schema

from rights.services.datamap.values import Closed, Whole


class SomeOf(Closed):
    """A mapping that says at least one of its keys."""

    @validates_schema(pass_original=True, skip_on_field_errors=True)
    def _one(self, _: Any, original: Any, **__: Any) -> None:
        if isinstance(original, dict) and not original:
            keys = " or ".join(self.fields)
            raise ValidationError(f"says nothing → write {keys}, or remove it")


class LimitsShape(SomeOf):
    """``limits`` of a store."""

    concurrent = Whole()
    per_minute = Whole()


class PauseWhenShape(SomeOf):
    """``pause_when`` of a store."""

    replication_lag_s = Whole()
    lock_waits = Whole()
