"""
The one way out: every URL that came from outside this code is opened here and nowhere else.

``Guard`` decides where a request may go, ``Client`` goes there and nowhere else. The standard
library's HTTP client is underneath, because of what it does not do: it follows no redirect,
reads no proxy variable, keeps no cookie and decompresses nothing.
"""

from __future__ import annotations

from rights.net.client import Client, Response
from rights.net.guard import Destination, Guard, Resolver, system_resolver
from rights.net.partners import Busy, PartnerClient

__all__ = [
    "Busy",
    "Client",
    "Destination",
    "Guard",
    "PartnerClient",
    "Resolver",
    "Response",
    "system_resolver",
]
