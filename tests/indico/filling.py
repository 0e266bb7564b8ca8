"""
Make the conference system's tables in an empty database, and fill them through its own models.

A program of its own (``python -m tests.indico.filling URL``), run by the interpreter of the
environment that has the system installed; nothing of ours is imported by it but the people.
What it writes is the same at every run, but for dates, which count back from today, and random
tokens.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any


def main(url: str) -> None:
    """Make and fill the tables of the database at *url*."""
    with tempfile.TemporaryDirectory() as folder:
        app = _app(url, folder)
        with app.test_request_context():
            _make()
            _fill()


def _app(url: str, folder: str) -> Any:
    from indico.web.flask.app import configure_db, make_app  # noqa: PLC0415 - slow: only when run

    os.environ["INDICO_CONFIG"] = os.devnull
    app = make_app(
        testing=True,
        config_override={
            "BASE_URL": "http://localhost",
            "SMTP_SERVER": ("localhost", 0),
            "TEMP_DIR": folder,
            "CACHE_DIR": folder,
            "REDIS_CACHE_URL": "redis://127.0.0.1:1/0",  # named because it must be; never asked
            "STORAGE_BACKENDS": {"default": f"fs:{Path(folder) / 'files'}"},
            "PLUGINS": set(),
            "ENABLE_ROOMBOOKING": True,
            "SECRET_KEY": b"0" * 16,
            "SMTP_USE_CELERY": False,
        },
    )
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    configure_db(app)
    return app


def _make() -> None:
    from flask import current_app  # noqa: PLC0415 - as above
    from indico.core.db import db  # noqa: PLC0415
    from indico.core.db.sqlalchemy.migration import migrate, prepare_db  # noqa: PLC0415

    db.session.execute("CREATE EXTENSION IF NOT EXISTS unaccent")
    db.session.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    db.session.commit()
    folder = Path(current_app.root_path) / "migrations"
    migrate.init_app(current_app, db, str(folder))
    if not prepare_db(force=True, verbose=False):
        sys.exit("the tables could not be made")


def _fill() -> None:
    from indico.core.db import db  # noqa: PLC0415

    from tests.indico.accounts import Accounts  # noqa: PLC0415 - imports models
    from tests.indico.booking import Booking  # noqa: PLC0415
    from tests.indico.conference import Conference  # noqa: PLC0415
    from tests.indico.papers import Papers  # noqa: PLC0415
    from tests.indico.registering import Registering  # noqa: PLC0415

    accounts = Accounts()
    accounts.run()
    conference = Conference(accounts)
    conference.run()
    for part in (Papers, Registering, Booking):
        part(accounts, conference).run()
        db.session.flush()
    accounts.favourites(conference)
    accounts.merge()
    db.session.commit()


if __name__ == "__main__":
    main(sys.argv[1])
