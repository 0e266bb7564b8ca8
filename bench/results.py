"""One measured figure with what it is compared to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.whale import Run


@dataclass(frozen=True, slots=True)
class Result:
    """
    One line of a measurement.

    Args:
        baseline: What the bare program did in the same run, in the same unit; None for none.
        ratio: Ours divided by the baseline; None without one.
        goal: In words, as it is judged.
        holds: Whether it was reached in this run.
    """

    metric: str
    value: float
    unit: str
    baseline: float | None
    ratio: float | None
    goal: str
    holds: bool

    def line(self) -> str:
        """Return the result for people."""
        mark = "ok  " if self.holds else "MISS"
        beside = (
            "" if self.baseline is None else f"  bare {self.baseline:.6g}, ratio {self.ratio:.3f}"
        )
        return (
            f"{mark} {self.metric:24} {self.value:>10.6g} {self.unit:14}{beside}  goal: {self.goal}"
        )


def at_most(
    metric: str, value: float, unit: str, most: float, *, bare: float | None = None
) -> Result:
    """Return a figure that must not pass *most*."""
    ratio = None if bare is None else value / bare
    return Result(metric, value, unit, bare, ratio, f"at most {most:g} {unit}", value <= most)


def beside(metric: str, value: float, unit: str, *, bare: float | None = None) -> Result:
    """Return a figure that helps to read another one; it has no goal of its own."""
    ratio = None if bare is None else value / bare
    return Result(metric, value, unit, bare, ratio, "none", holds=True)


def at_least(
    metric: str, value: float, unit: str, least: float, *, bare: float, ratio: float
) -> tuple[Result, Result]:
    """Return a throughput and its ratio: machines differ, so either may reach the goal."""
    got = value / bare
    holds = value >= least or got >= ratio
    goal = f"at least {least:g} {unit} or {ratio:g} of the bare program"
    return (
        Result(metric, value, unit, bare, got, goal, holds),
        Result("ratio_bare", got, "x", bare, got, goal, holds),
    )


def share_of(metric: str, pairs: Sequence[tuple[Run, Run]], least: float) -> Result:
    """Return ours as a share of the bare program's speed; *pairs* are (bare, ours)."""
    ratio = middle([bare.seconds / ours.seconds for bare, ours in pairs])
    bare = middle([hand.seconds for hand, _ in pairs])
    goal = f"at least {least:g} of the bare program"
    return Result(metric, ratio, "x", bare, ratio, goal, ratio >= least)


def middle(values: list[float]) -> float:
    """Return the median; at least five runs, interleaved with the bare program's."""
    if len(values) < 5:
        raise ValueError("a median of fewer than five runs says nothing")
    return float(median(values))


def percentile(values: list[float], share: float) -> float:
    """Return the value below which *share* of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
