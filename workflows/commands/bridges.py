"""What ``rights backend network-identity`` takes, and what it tells."""

from __future__ import annotations

import os
from datetime import datetime

from rights.domain.errors import ConfigError, ConnectorError
from rights.net import Guard
from rights.services.network_identity.bridge import BACK, Bridge
from rights.services.network_identity.calls import Bridges
from rights.settings import Settings
from workflows.secrets import Secrets, missing


def bridge_of(url: str, secret: str, *, attests_names: bool) -> Bridge:
    """
    Return the bridge that the options of the command describe.

    Args:
        secret: The name of the secret with which both sides sign.

    Raises:
        ConfigError: the secret is not where it should be.
    """
    found = Secrets.of(os.environ).get(secret) if secret else ""
    if not found:
        raise missing((secret or "NAME",))
    return Bridge(backend_id="", url=url, secret=found, attests_names=attests_names)


def told(bridge: Bridge, settings: Settings) -> str:
    """Return what an operator needs for the bridge."""
    return f"comes back to {settings.base_url.rstrip('/')}{BACK}\nbrings level {bridge.brings}"


def answers(bridge: Bridge, guard: Guard, now: datetime) -> str:
    """
    Ask a bridge whether it is there and signs as it should; nobody is sent to it.

    Raises:
        ConfigError: it is not, or does not; why stands in it.
    """
    caller = Bridges(guard)
    try:
        caller.about(bridge, now=now)
    except ConnectorError as error:
        raise ConfigError("the bridge cannot be used:", [str(error)]) from None
    finally:
        caller.close()
    return f"the bridge answers and signs; it brings level {bridge.brings}"
