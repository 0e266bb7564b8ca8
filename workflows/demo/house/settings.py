"""Where everything of one demo is, and the environment each of its processes gets."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from workflows.demo.company import datamap_file, profile_file
from workflows.demo.company.filling import Places
from workflows.demo.house.credentials import Credentials
from workflows.demo.house.processes import bare_environment

_FAST: Final = {
    # A demo's webhook receiver listens on this machine, and its first tries must not wait.
    "RIGHTS_WEBHOOK_ALLOW": "127.0.0.1/32",
    "RIGHTS_CODE_COOLDOWN_S": "0",
    "RIGHTS_BACKOFF_S": "0.2,0.5,1,2,5",
    "RIGHTS_CHECKPOINT_S": "5",
    "RIGHTS_FIGURES_S": "15",
    # So that there is a plan to look at in the console.
    "RIGHTS_APPROVAL_KINDS": "account_cancellation",
}


@dataclass(frozen=True, slots=True)
class Addresses:
    """
    Where the parts of one demo are; a port is 0 until its process has it.

    Args:
        sms: Address and credential of the provider of text messages; empty for none.
    """

    folder: Path
    redis: str
    smtp_port: int
    places: Places
    web_port: int = 0
    recommender_port: int = 0
    website_port: int = 0
    console_port: int = 0
    sms: tuple[str, str] = field(default=("", ""), repr=False)

    @property
    def base_url(self) -> str:
        """Where the API is."""
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def console_url(self) -> str:
        """Where the web process of the console is; its pages are below ``/console/``."""
        return f"http://127.0.0.1:{self.console_port}"

    @property
    def recommender_url(self) -> str:
        """Where the recommender is; its protocol is below ``/rights``."""
        return f"http://127.0.0.1:{self.recommender_port}"

    @property
    def website_url(self) -> str:
        """Where the shop's own pages are: to a browser another site than ours."""
        return f"http://localhost:{self.website_port}"

    @property
    def register_url(self) -> str:
        """Where the register is."""
        return f"sqlite:///{self.folder / 'register.db'}"


def environment(addresses: Addresses, keys: Credentials) -> dict[str, str]:
    """Return what every process of ours gets; nothing in it opens a store."""
    return bare_environment(
        {
            "RIGHTS_DATABASE_URL": addresses.register_url,
            "RIGHTS_REDIS_URL": addresses.redis,
            "RIGHTS_BLOBS_URL": f"file://{addresses.folder / 'blobs'}",
            "RIGHTS_EVIDENCE_URL": f"file://{addresses.folder / 'evidence'}",
            "RIGHTS_KEYS": keys.keys,
            "RIGHTS_SIGNING_KEY": keys.signing_key,
            "RIGHTS_DATAMAP": str(datamap_file()),
            "RIGHTS_ORGANISATION": str(profile_file()),
            "RIGHTS_BASE_URL": addresses.base_url,
            "RIGHTS_SMTP_PORT": str(addresses.smtp_port),
            "RIGHTS_MAIL_FROM": "privacy@example.com",
            **_texts(addresses),
            **_FAST,
        }
    )


def _texts(addresses: Addresses) -> dict[str, str]:
    url, token = addresses.sms
    if not url:
        return {}
    return {
        "RIGHTS_SMS_URL": url,
        "RIGHTS_SMS_TOKEN": token,
        "RIGHTS_SMS_ALLOW": "127.0.0.1/32",
    }


def store_secrets(addresses: Addresses, keys: Credentials) -> dict[str, str]:
    """Return what only workers get: the stores' credentials, and the keys of capsules."""
    bucket = addresses.places.files
    values = {
        "SHOP_URL": addresses.places.shop,
        "ASSISTANT_URL": addresses.places.assistant,
        "NEWSLETTER_URL": addresses.places.newsletter,
        "FILES_ENDPOINT": bucket.endpoint,
        "FILES_ACCESS_KEY": bucket.access_key,
        "FILES_SECRET_KEY": bucket.secret_key,
        "RECOMMENDER_URL": f"{addresses.recommender_url}/rights",
        "RECOMMENDER_KEY": keys.recommender,
    }
    secrets = {f"RIGHTS_SECRET_{name}": value for name, value in values.items()}
    return {**secrets, "RIGHTS_REPLAY_KEYS": keys.replay_keys}
