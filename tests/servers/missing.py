"""What happens to a test whose server is not there."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import pytest

NEEDS = "needs "


def install(*, debian: str, macos: str) -> str:
    """Return the command that installs a package on this machine."""
    return f"brew install {macos}" if sys.platform == "darwin" else f"sudo apt-get install {debian}"


def missing(server: str, remedy: str) -> NoReturn:
    """
    Skip the test that needs the server, or fail it where ``CI=true``.

    The terminal lists it last, with the remedy.
    """
    reason = f"{NEEDS}{server}: {remedy}"
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} (with CI=true a missing server is a failure)", pytrace=False)
    pytest.skip(reason)
