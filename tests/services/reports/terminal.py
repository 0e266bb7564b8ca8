"""A terminal on a register, at a fixed time: what staff type, and what comes of it."""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from rights.store.db import RegisterClock
from tests.web.house import HERE, KEYS, SEED
from workflows.cli import main


class Terminal:
    """A terminal with the settings of one deployment, and a clock that stands."""

    def __init__(self, folder: Path, url: str, now: datetime, **more: str) -> None:
        self.folder, self.now = folder, now
        self.environ = {
            "RIGHTS_DATABASE_URL": url,
            "RIGHTS_REDIS_URL": "redis://127.0.0.1:1",
            "RIGHTS_BLOBS_URL": (folder / "blobs").as_uri(),
            "RIGHTS_KEYS": KEYS,
            "RIGHTS_SIGNING_KEY": SEED,
            "RIGHTS_DATAMAP": str(HERE / "datamap.yaml"),
            **more,
        }

    def run(self, *words: str, code: int = 0) -> str:
        """Run a command that ends with *code*; return what it said."""
        said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["rights", *words])
            patch.setattr(RegisterClock, "now", lambda _: self.now)
            for name in [n for n in os.environ if n.startswith("RIGHTS_")]:
                patch.delenv(name)
            for name, value in self.environ.items():
                patch.setenv(name, value)
            with redirect_stdout(said), redirect_stderr(said), pytest.raises(SystemExit) as ended:
                main()
        buffer = said.buffer
        assert isinstance(buffer, io.BytesIO)
        text = buffer.getvalue().decode()
        assert (ended.value.code or 0) == code, text[-600:]
        return text

    def report(self, *words: str, who: str = "otto") -> Any:
        """Make a report as JSON; return it whole."""
        return json.loads(self.run("reports", *words, "--as", who))

    def file(self, *words: str, who: str = "otto") -> bytes:
        """Make a report into a file; return what is in it."""
        out = self.folder / "report"
        self.run("reports", *words, "--as", who, "--out", str(out))
        return out.read_bytes()
