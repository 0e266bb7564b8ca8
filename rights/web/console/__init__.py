"""The console: pages on which the privacy staff see every clock, decide, and account for it."""

from rights.web.console import (
    account,
    arriving,
    by_provider,
    entering,
    finding,
    home,
    letters,
    listing,
    one,
    passkeys,
    reports,
    signing,
    staff,
    stores,
    waiting,
)

AREAS = (
    entering.area,
    by_provider.area,
    signing.area,
    passkeys.outside,
    passkeys.between,
    passkeys.inside,
    account.area,
    staff.area,
    home.area,
    listing.area,
    finding.area,
    arriving.area,
    one.area,
    waiting.area,
    letters.area,
    stores.area,
    reports.area,
)
