"""What an operator writes under ``settings:`` of an ``http_backend`` store."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class HttpBackendSettings:
    """
    Where the service is and how patient we are with it.

    Args:
        url: Without a trailing slash; collections and verbs are appended.
        secret: ``whsec_…``; every request is signed with it. The service knows it too.
        previous_secret: While a secret is being changed: requests carry both signatures.
        allow: ``host:port`` or networks that may be reached although they are private; a host
            listed here may also be reached over plain HTTP.
        timeout_s: For one request.
        retries: Further tries within the step when the service is busy or down.
        longest_wait_s: A longer ``Retry-After`` ends the step, which is tried again later.
        max_bytes: The longest answer that is accepted.
        page_rows: Rows asked for at once.
    """

    url: str
    secret: str = field(repr=False)
    previous_secret: str = field(default="", repr=False)
    allow: tuple[str, ...] = ()
    timeout_s: float = 10.0
    retries: int = 3
    longest_wait_s: float = 5.0
    max_bytes: int = 8_388_608
    page_rows: int = 500
