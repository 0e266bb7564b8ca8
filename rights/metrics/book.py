"""The metrics of one process, or of a group of processes that count together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from rights.metrics.burying import settled
from rights.metrics.facts import Fact, facts
from rights.metrics.folder import Folder

Reading = tuple[Mapping[str, str], float]
"""Labels and a value."""


class Book(Collector):
    """
    What is counted here.

    Args:
        process: ``web``, ``worker`` or ``relay``: only its metrics are in it.
        folder: Where the group counts; None where the process is alone.
    """

    def __init__(self, process: str, folder: Folder | None) -> None:
        disable_created_metrics()  # one more series for each, and nothing asks for it
        self._folder = folder
        self._alone = CollectorRegistry()
        registry = None if folder else self._alone
        mine = [fact for fact in facts().values() if process in fact.processes]
        self._made = {f.name: _made(f, registry) for f in mine if f.type != "reading"}
        self._readings: dict[str, list[Reading]] = {f.name: [] for f in mine if f.type == "reading"}
        self._children: dict[Any, Any] = {}
        self._alone.register(self)

    def child(self, name: str, labels: Mapping[str, str]) -> Any:
        """Return the series of *name* with these labels; None where it is not in this book."""
        key = (name, *labels.items())
        found = self._children.get(key)
        if found is None and (metric := self._made.get(name)):
            found = self._children[key] = metric.labels(**labels) if labels else metric
        return found

    def replace(self, found: Mapping[str, Iterable[Reading]]) -> None:
        """Let the readings that are named be these from now on, and no others."""
        self._readings |= {name: list(found[name]) for name in self._readings if name in found}

    def join(self) -> None:
        """Begin to count in this process, after the fork. Raises OSError when there is no room."""
        if self._folder:
            self._folder.join()

    def text(self) -> bytes:
        """Return everything as Prometheus reads it."""
        if self._folder is None:
            return generate_latest(self._alone)
        with settled(self._folder) as path:
            together = CollectorRegistry()
            MultiProcessCollector(together, path=str(path))
            return generate_latest(together)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the readings; the library calls this when somebody scrapes."""
        for name, found in self._readings.items():
            fact = facts()[name]
            family = GaugeMetricFamily(name, fact.about, labels=fact.labels)
            for labels, value in found:
                family.add_metric([labels[label] for label in fact.labels], value)
            yield family

    def close(self) -> None:
        """Remove what the group wrote."""
        if self._folder:
            self._folder.close()


def _counter(fact: Fact, registry: CollectorRegistry | None) -> Counter:
    return Counter(fact.name, fact.about, fact.labels, registry=registry)


def _gauge(fact: Fact, registry: CollectorRegistry | None) -> Gauge:
    return Gauge(fact.name, fact.about, fact.labels, registry=registry, multiprocess_mode="livesum")


def _histogram(fact: Fact, registry: CollectorRegistry | None) -> Histogram:
    return Histogram(fact.name, fact.about, fact.labels, registry=registry, buckets=fact.buckets)


_KINDS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {"counter": _counter, "gauge": _gauge, "histogram": _histogram}
)


def _made(fact: Fact, registry: CollectorRegistry | None) -> Any:
    return _KINDS[fact.type](fact, registry)
