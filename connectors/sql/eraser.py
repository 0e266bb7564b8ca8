"""``erase``: in one transaction where little is to go, in many where there is a lot."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from connectors.sdk import Receipt, Target, Work
from connectors.sql.bystanders import Bystanders
from connectors.sql.chunks import Chunks
from connectors.sql.drafting import Draft, given
from connectors.sql.effects import Effects
from connectors.sql.escrowing import Escrow
from connectors.sql.keysets import load
from connectors.sql.plans import Plans


class Eraser:
    """``erase``."""

    def __init__(
        self,
        plans: Plans,
        effects: Effects,
        chunks: Chunks,
        bystanders: Bystanders,
        escrow: Escrow,
    ) -> None:
        self._plans = plans
        self._bystanders = bystanders
        self._effects = effects
        self._chunks = chunks
        self._escrow = escrow

    def erase(self, target: Target, work: Work) -> Receipt:
        """
        Delete (or anonymise) what is the persons' own; cut their columns elsewhere.

        Raises:
            Unfinished: there is much to do, and a part of it is done.
        """
        if not self._effects.shared and self._chunks.due(target, work):
            return self._effects.naming(target, lambda: self._chunks.erase(target, work))
        plan = self._plans.get(
            ("erase", work.anonymise),
            target,
            lambda rows: Draft(rows, anonymise=work.anonymise, escrow=self._escrow).erasing(),
        )

        def act(connection: Connection) -> Receipt:
            parameters = {**load(connection, plan.slots, target.keys), **given(target, work)}
            if not work.sampled:
                return plan.built.run(connection, parameters, work)
            others = self._bystanders.around(connection, target, work)
            return others.told(connection, plan.built.run(connection, parameters, work))

        return self._effects.once(target, work, act)

    def unhook(self, target: Target, work: Work, columns: tuple[str, ...]) -> Receipt:
        """Empty the pointer *columns* of rows whose own end is theirs, so that it can go first."""
        plan = self._plans.get(
            ("unhook", columns, work.anonymise),
            target,
            lambda rows: Draft(rows, anonymise=work.anonymise, escrow=self._escrow).unhooking(
                columns
            ),
        )

        def act(connection: Connection) -> Receipt:
            parameters = {**load(connection, plan.slots, target.keys), **given(target, work)}
            cut = [one.run(connection, parameters).rowcount for one in plan.built]
            return Receipt(decorrelated=sum(cut))

        return self._effects.once(target, work, act)
