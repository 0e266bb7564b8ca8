"""The calls of ``/v1``. Views read, call one service, and answer."""

from __future__ import annotations

from rights.web.api import (
    bundles,
    consents,
    deletions,
    downloads,
    health,
    kinds,
    lookups,
    packages,
    portal_tokens,
    preferences,
    receipts,
    requests,
    stores,
    suppression,
    verification,
    webhooks,
)

AREAS = (
    kinds.area,
    requests.area,
    bundles.area,
    verification.area,
    lookups.area,
    packages.area,
    downloads.area,
    receipts.area,
    consents.area,
    preferences.area,
    deletions.area,
    suppression.area,
    stores.area,
    portal_tokens.area,
    webhooks.area,
    health.area,
)
"""Every area, in the order of the contract."""
