"""
Spans, made and sent with OpenTelemetry: OTLP over HTTP, in the background; dropped if none listens.

The address is a setting of the operator's, like that of the register: the guard against addresses
that come from outside does not apply to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
)

from rights.store.ids import ID
from rights.traces import ALLOWED

TIMEOUT_S: Final = 5
EVERY_MS: Final = 1_000
_CODE: Final = re.compile(r"[\w<>/:. -]{1,120}")
_given: ContextVar[tuple[int, int] | None] = ContextVar("given", default=None)


def ids_of(about: str) -> tuple[int, int]:
    """Return the trace and the first span of a request: its id, and the half of that."""
    return int(about, 16), int(about[:16], 16) or 1


class _Ids(IdGenerator):
    """Random ids, but for the first span of a trace."""

    def __init__(self) -> None:
        self._random = RandomIdGenerator()

    def generate_trace_id(self) -> int:
        given = _given.get()
        return given[0] if given else self._random.generate_trace_id()

    def generate_span_id(self) -> int:
        given = _given.get()
        return given[1] if given else self._random.generate_span_id()


@dataclass(slots=True)
class Exporting:
    """What one process traces, on its way."""

    _provider: TracerProvider = field(repr=False)
    _tracer: Tracer = field(repr=False)

    @classmethod
    def to(cls, url: str, token: str, process: str, *, share: float) -> Exporting:
        """
        Send to *url*.

        Args:
            share: Of requests that are traced, 0 to 1: the same ones in each process.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        exporter = OTLPSpanExporter(endpoint=url, headers=headers, timeout=TIMEOUT_S)
        named = Resource({"service.name": f"rights-{process}"})
        provider = TracerProvider(
            sampler=TraceIdRatioBased(share),
            resource=named,
            id_generator=_Ids(),
            shutdown_on_exit=False,
        )
        provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=EVERY_MS))
        return cls(provider, provider.get_tracer("rights"))

    @contextmanager
    def span(self, name: str, about: str, said: Mapping[str, str]) -> Iterator[None]:
        """
        Trace a block; one that is about nothing, with nothing around it, is of no trace.

        An error is told by its type alone: texts quote values.
        """
        if not (_inside() or ID.fullmatch(about)):
            yield
            return
        with self._tracer.start_as_current_span(
            name,
            context=_within(about),
            attributes=_allowed(said),
            record_exception=False,
            set_status_on_exception=False,
        ) as one:
            try:
                yield
            except BaseException as error:
                one.set_attribute("error", type(error).__name__)
                one.set_status(Status(StatusCode.ERROR))
                raise

    def note(
        self, name: str, about: str, began_ns: int, said: Mapping[str, str], *, first: bool
    ) -> None:
        """Trace what began then and ends now."""
        known = ID.fullmatch(about) is not None
        chosen = _given.set(ids_of(about) if first and known else None)
        try:
            context = Context() if first or not known else _within(about)
            one = self._tracer.start_span(
                name, context=context, start_time=began_ns, attributes=_allowed(said)
            )
        finally:
            _given.reset(chosen)
        one.end()

    def close(self) -> None:
        """Send what waits."""
        self._provider.shutdown()


def _inside() -> bool:
    """Return whether something is being traced around this."""
    return trace.get_current_span().get_span_context().is_valid


def _within(about: str) -> Context | None:
    """Return what a span is a part of: what is around it, or the request that it is about."""
    if _inside() or not ID.fullmatch(about):
        return None
    number, first = ids_of(about)
    if not number:
        return None
    known = SpanContext(number, first, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return trace.set_span_in_context(NonRecordingSpan(known), Context())


def _allowed(said: Mapping[str, str]) -> dict[str, str]:
    return {k: v for k, v in said.items() if k in ALLOWED and _CODE.fullmatch(v)}
