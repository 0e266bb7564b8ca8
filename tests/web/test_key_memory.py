"""A web process loads what passkeys and apps need when somebody has one, not before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from rights.store.migrate import upgrade
from tests.architecture.tree import ROOT
from tests.web.house import KEYS, SEED

_PROGRAM = """
import json, sys
from rights.app import create_app
from rights.settings import load
client = create_app(load()).test_client()
assert client.get("/portal/").status_code == 200
assert client.get("/portal/keys").status_code == 401
assert client.get("/v1/keys").status_code == 401
names = {name.partition(".")[0] for name in sys.modules}
print(json.dumps(sorted(names & {"webauthn", "pyotp", "cbor2", "OpenSSL"})))
"""


def test_a_fresh_web_process_has_loaded_neither_library(
    tmp_path: Path, private_redis_url: str
) -> None:
    register = f"sqlite:///{tmp_path / 'register.db'}"
    upgrade(register)
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("RIGHTS_")},
        "RIGHTS_DATABASE_URL": register,
        "RIGHTS_REDIS_URL": private_redis_url,
        "RIGHTS_BLOBS_URL": (tmp_path / "blobs").as_uri(),
        "RIGHTS_KEYS": KEYS,
        "RIGHTS_SIGNING_KEY": SEED,
        "RIGHTS_DATAMAP": str(ROOT / "workflows/demo/company/datamap.yaml"),
    }
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []
