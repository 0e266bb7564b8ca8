"""The lock file of the system's own environment: versions, hashes, nothing else."""

from __future__ import annotations

import re

from tests.indico.environment import LOCK


def test_every_line_is_a_version_or_its_hash_and_none_an_address() -> None:
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    named = [line for line in lines if re.match(r"[a-z0-9]", line)]

    rest = [line for line in lines if line not in named and not line.startswith("#")]

    assert all(re.match(r"[a-z0-9.\[\]-]+==[^ ]+ .*\\$", line) for line in named)
    assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in rest)
    assert "://" not in "\n".join(lines)
    assert any(line.startswith("indico==3.2.9") for line in named)
