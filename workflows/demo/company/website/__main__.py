"""``python -m workflows.demo.company.website SHOP``: serve the pages, with keys from outside."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from werkzeug.serving import WSGIRequestHandler, make_server

from workflows.demo.company.website.customers import Customers
from workflows.demo.company.website.pages import Product, create
from workflows.demo.company.website.vouching import RightsApi, Signature


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the terminal shows mails."""


def _end(number: int, frame: FrameType | None) -> None:
    del frame
    raise SystemExit(128 + number)


def _rights(given: Mapping[str, str]) -> RightsApi:
    signing = json.loads(given["MALL_SIGNING_KEY"])
    signature = Signature(given["MALL_NAME"], given["MALL_AUDIENCE"], signing)
    return RightsApi(given["MALL_RIGHTS"], given["MALL_API_KEY"], signature)


def main() -> int:
    """Serve until told to end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shop", type=Path, help="the shop's SQLite file")
    parser.add_argument("--port-file", type=Path, required=True, help="where to write its port")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, _end)
    rights = _rights(os.environ)
    with make_server(
        "127.0.0.1", 0, app=lambda *_: [], threaded=True, request_handler=_Quiet
    ) as server:
        origin = f"http://localhost:{server.server_port}"
        server.app = create(Product(origin, Customers(given.shop), rights))
        given.port_file.write_text(str(server.server_port))
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
