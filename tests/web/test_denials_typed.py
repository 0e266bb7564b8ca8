"""The facts of a denial, from standard input: a process of its own reads them."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.web.house import HERE, KEYS
from tests.web.test_denials import WHY, Office, office

__all__ = ["office"]


def test_the_facts_can_come_from_standard_input(office: Office) -> None:
    made = office.house.asserted("deletion")
    office.evaluated(made["id"])
    settings = office.house.parts.context.settings
    environ = {"RIGHTS_DATABASE_URL": settings.database_url, "RIGHTS_KEYS": KEYS}
    environ |= {"RIGHTS_REDIS_URL": settings.redis_url, "RIGHTS_BLOBS_URL": settings.blobs_url}
    environ |= {"RIGHTS_DATAMAP": str(HERE / "datamap.yaml"), "PATH": os.environ["PATH"]}
    words = ["tasks", "deny", made["id"], "--reason", "no_ground", "--as", "ana"]

    done = subprocess.run(
        [sys.executable, "-m", "workflows.cli", *words, "--note-basis", "-"],
        cwd=HERE.parents[1], env=environ, input=WHY, text=True, check=True, capture_output=True,
    )  # fmt: skip

    assert office.decide("confirm", done.stdout.strip(), "bea").returncode == 0
    assert office.house.get(f"/v1/requests/{made['id']}/remarks").json["answers"] == [WHY]
