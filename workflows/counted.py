"""What is counted of steps, for who watches."""

from __future__ import annotations

from rights import metrics
from rights.domain.actions import Action
from workflows.claims import Claim, Done, Outcome


def labels(claim: Claim) -> dict[str, str]:
    """Return under what a step is counted: what it does, and in which store."""
    step = claim.step
    action = step.action if step else Action.PREPARE
    return {"action": str(action), "store": step.store if step else ""}


def settled(claim: Claim, outcome: Outcome) -> None:
    """Count a step that was written down, and the package that it made."""
    became = type(outcome).__name__.lower()
    metrics.touch("rights_steps_total", **labels(claim), outcome="failed")
    metrics.count("rights_steps_total", **labels(claim), outcome=became)
    if isinstance(outcome, Done) and (made := outcome.package):
        complete = "complete" if made["complete"] else "partial"
        metrics.count("rights_package_builds_total", outcome=complete)
        metrics.observe("rights_package_bytes", made["size"])
