"""
The only kind of RQ job there is: JSON, and a function of ours.

A job in Redis is input from outside this program: whoever can write there can name any
function. So the name is looked up in ``workflows.jobs.JOBS`` before anything is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from rq.job import Job
from rq.serializers import JSONSerializer

from rights.domain.errors import Forbidden
from rights.logs import get

SERIALIZER: Final = JSONSerializer


class IdJob(Job):
    """A job that runs one of ours, or nothing."""

    @property
    def func(self) -> Callable[..., Any] | None:
        """Return the function to run. Raises Forbidden for any that is not ours."""
        from workflows import jobs  # noqa: PLC0415 - the relay enqueues without loading workers

        name = self.func_name or ""
        if not jobs.allowed(name) or self.instance is not None:
            get().error("job.refused", job="not ours")
            raise Forbidden("a job in the queue names a function that is not ours: refused")
        return jobs.JOBS[name.rpartition(".")[2]]

    @property
    def success_callback(self) -> None:
        """Nothing: a callback's name is one more way to name a function."""

    @property
    def failure_callback(self) -> None:
        """Nothing, as above."""

    @property
    def stopped_callback(self) -> None:
        """Nothing, as above."""
