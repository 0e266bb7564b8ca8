"""``company``: a company with a register, stores in memory, and a mail server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workflows.takeover.company import Company
from workflows.embedded.smtp import Sink


@pytest.fixture
def company(tmp_path: Path, smtp_sink: Sink) -> Iterator[Company]:
    made = Company(tmp_path, smtp_sink)
    yield made
    made.floor.register.dispose()
