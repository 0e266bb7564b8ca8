"""``python -m workflows.demo.company.recommender FILE``: run the service."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from workflows.demo.company.recommender.service import serve
from workflows.demo.company.recommender.store import Store


def _end(number: int, frame: FrameType | None) -> None:
    del frame
    raise SystemExit(128 + number)


def main() -> int:
    """Serve until told to end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="the SQLite file the demo filled")
    parser.add_argument("--port", type=int, default=0, help="any free one if 0")
    parser.add_argument("--port-file", type=Path, help="where to write the port it has")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, _end)
    store = Store(given.file)
    server = serve(store, os.environ["RECOMMENDER_SECRET"], given.port)
    if given.port_file:
        given.port_file.write_text(str(server.server_address[1]))
    try:
        server.serve_forever()
    finally:
        server.server_close()
        store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
