"""What is done on a closed request: nothing here changes its state."""

from __future__ import annotations

from sqlalchemy import delete
from sqlmodel import col, select

from rights.store.db import transaction
from rights.store.models import KeyringRow, Package, Request, SubjectLock
from workflows.floor import Floor
from workflows.packages.spool import spool_prefix


def close_out(floor: Floor, request_id: str) -> None:
    """Delete spools and frozen keys: both were only needed to get here."""
    with transaction(floor.register) as session:
        request = session.get(Request, request_id)
        if request is None or request.closed_at is None:
            return
        session.execute(delete(KeyringRow).where(col(KeyringRow.request_id) == request_id))
        session.execute(delete(SubjectLock).where(col(SubjectLock.request_id) == request_id))
        packages = session.exec(select(Package.id).where(Package.request_id == request_id)).all()
    for package_id in packages:
        floor.blobs.delete_prefix(spool_prefix(package_id))
