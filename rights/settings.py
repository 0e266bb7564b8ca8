"""
Every setting, in one place; read once in a composition root and passed down.

From the environment (``RIGHTS_…``) over a TOML file named by ``RIGHTS_CONFIG``. Whatever is
missing or malformed is named at once, before anything starts.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from rights import failpoints
from rights.domain import staff
from rights.domain.alerts import OF_THE_TRAIL, ROLES
from rights.domain.colours import READABLE, contrast
from rights.domain.errors import ConfigError
from rights.outward_settings import OutwardSettings
from rights.trail_settings import TrailSettings
from rights.working_limits import WorkingLimits

LOG_FLOOR_DAYS = 184
"""Network logs stay at least six months. Source: Cybersecurity Law Art. 23(3)."""

EVIDENCE_DAYS = 30
"""The longest a document that shows who somebody is may be kept undecided."""
SENDER_LENGTH = 40
"""Whom a text message comes from: a number, or a short name."""

LOGO_BYTES = 17_000
"""A page of the portal stays small, and the logo is a part of it."""

Words = Annotated[tuple[str, ...], NoDecode]
"""A tuple that the environment gives as words separated by commas."""


class Settings(WorkingLimits, TrailSettings, OutwardSettings):
    """What an operator can set. Each default is the cautious one."""

    model_config = SettingsConfigDict(env_prefix="RIGHTS_", extra="forbid", frozen=True)

    database_url: str
    """The register: ``sqlite:///file`` or ``postgresql+psycopg://…``."""
    redis_url: str
    """``unix:///socket`` or ``redis://…``: a doorbell and rate limits, never the truth."""
    blobs_url: str
    """Packages and spool: ``file:///folder`` or ``s3://bucket/prefix?endpoint=…``."""
    blobs_access_key: str = ""
    blobs_secret_key: SecretStr = SecretStr("")
    blobs_region: str = "us-east-1"
    """The object store's region; packages stay in the home region of the data."""
    evidence_url: str = ""
    """Documents of representatives: a place of its own, like ``blobs_url``; empty: none taken."""
    evidence_access_key: str = ""
    evidence_secret_key: SecretStr = SecretStr("")
    """Credentials of that place alone; those for packages do not open it."""
    keys: SecretStr
    """``id:base64`` of 32 random bytes, the current first; older ones after commas."""
    signing_key: SecretStr = SecretStr("")
    """``id:base64`` of a 32-byte Ed25519 seed: receipts and checkpoints. The web signs nothing."""
    replay_keys: SecretStr = SecretStr("")
    """What seals replay capsules, like ``keys``; workers only. Empty: follows from signing_key."""
    datamap: Path = Path("datamap.yaml")
    base_url: str = "http://127.0.0.1:8080"
    """Where people reach this service: in notices and in the audience of assertions."""
    console_url: str = ""
    """Where staff reach the console, if not there: in invitations and alerts, for its cookies."""

    smtp_host: str = "127.0.0.1"
    smtp_port: int = 25
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_tls: bool = False
    mail_from: str = "privacy@localhost"

    sms_url: str = ""
    """Where text messages are posted to, over https; empty: telephones get no codes."""
    sms_token: SecretStr = SecretStr("")
    """The bearer credential there; only what sends needs it."""
    sms_sender: str = ""
    """Whom a text message says it comes from, where the provider lets that be said."""
    sms_allow: Words = ()
    """Destinations (host:port or network) of ``sms_url`` that may be private, or plain HTTP."""

    default_regimes: Words = ("cn_general",)
    regimes_override: Path | None = None
    """A YAML file with this deployment's calendars, establishment and shorter promises."""
    policy: Path | None = None
    """A YAML file with this deployment's intake and verification policy; checked at start."""
    organisation: Path | None = None
    """A YAML file with the organisation's profile, from which its duties follow."""
    drafts: Path | None = None
    """A YAML file with texts of this deployment that staff begin letters with; checked at start."""
    approval_kinds: Words = ()
    """Kinds whose plan a member of staff approves by hash before anything is changed."""
    verify_days: int = Field(default=7, ge=1, le=30)
    """An unverified request expires after this."""
    code_minutes: int = Field(default=10, ge=1, le=30)
    code_cooldown_s: int = Field(default=60, ge=0)
    code_tries: int = Field(default=5, ge=1, le=10)
    code_pause_minutes: int = Field(default=15, ge=1, le=60)
    """After that many wrong codes none is taken, and none sent, for so long."""
    contact_trust_days: int = Field(default=7, ge=0, le=30)
    """A contact changed more lately than that does not prove a request; 0: it does."""
    key_trust_days: int = Field(default=7, ge=1, le=90)
    """A passkey or authenticator app younger than this needs a code beside it."""
    evidence_days: int = Field(default=EVIDENCE_DAYS, ge=1, le=EVIDENCE_DAYS)
    """A document nobody decided on is destroyed after this. Source: GB/T 35273-2020 8.5(e)."""
    package_days: int = Field(default=7, ge=1, le=30)
    package_grants: int = Field(default=5, ge=1, le=50)
    packages_reviewed: Literal["never", "quarantined", "always"] = "never"
    """Whether staff look at a copy before it goes out; the second: if something was taken out."""
    grant_minutes: int = Field(default=30, ge=1, le=240)
    portal_minutes: int = Field(default=60, ge=5, le=240)
    """How long somebody may use the portal before it has to be opened again."""
    portal_proof_minutes: int = Field(default=15, ge=1, le=60)
    """How long a code that was answered counts for what is asked in the same visit."""
    brand_colour: str = "#1d4ed8"
    """Of buttons and links in the portal; has to be readable on white and under white text."""
    brand_logo: Path | None = None
    """An SVG or PNG file shown in the portal's head."""
    lookup_minutes: int = Field(default=15, ge=1, le=60)
    record_days: int = Field(default=1096, ge=730)
    """Request records stay three years after closure. Source: Civil Code Art. 188."""
    log_days: int = Field(default=LOG_FLOOR_DAYS, ge=LOG_FLOOR_DAYS)
    contact_days: int = Field(default=30, ge=0)
    """Sealed identifiers and notes are forgotten this long after closure."""
    suppression_days: int = Field(default=1096, ge=1)
    """Data older than an erasure is kept from coming back for this long."""
    recheck_s: Annotated[tuple[float, ...], NoDecode] = (3600, 86_400, 604_800, 2_592_000)
    """When to look for erased data that came back: seconds after the erasure."""

    bystander_share: float = Field(default=0.01, ge=0, le=1)
    """Share of small erasures around which others' rows are looked at; 0: of large ones neither."""

    workers: int = Field(default=3, ge=2)
    lease_s: float = Field(default=30.0, gt=0)
    heartbeat_s: float = Field(default=10.0, gt=0)
    poll_s: float = Field(default=0.02, gt=0)
    sweep_s: float = Field(default=1.0, gt=0)
    backoff_s: Annotated[tuple[float, ...], NoDecode] = (5, 30, 120, 600, 1800, 7200)
    """Pauses after a store could not be reached; the last one repeats."""
    store_pause_s: Annotated[tuple[float, ...], NoDecode] = (5, 10, 30, 60, 300)
    """Pauses of a store that has enough, growing with each trial that fails; the last repeats."""
    inline_s: float = Field(default=5.0, gt=0)
    people_abreast: int = Field(default=50, ge=1, le=500)
    """Erasures that a worker takes up together where many wait; 1: always one after the other."""
    optout_wait_ms: int = Field(default=800, ge=0, le=5000)
    optout_alarm_s: int = Field(default=60, ge=1, le=60)
    optout_breach_s: int = Field(default=86_400, ge=60, le=86_400)
    clock_s: float = Field(default=60.0, gt=0)
    """How often the clocks of open requests are looked at."""
    settle_hours: float = Field(default=6.0, ge=0, le=72)  # a moved clock must hold so long
    alert_mail: Words = ()
    """``role=address``, often: reviewer, approver, dpo of clocks; auditor, admin of a bad trail."""
    incident_operator: Literal["other", "central_state_organ", "cii", "cii_adjacent"] = "other"
    """What the company is to the law when it reports a security incident: sets how fast."""
    staff_locale: Literal["zh-CN", "en"] = "zh-CN"
    """The language in which staff are written to."""
    report_font: Path | None = None
    """A font file with Chinese characters for reports in PDF; None: looked for in usual places."""

    staff_idle_minutes: int = Field(default=30, ge=5, le=120)
    """Who does nothing in the console for so long is signed out."""
    staff_hours: int = Field(default=12, ge=1, le=24)
    """Who is signed in to the console is signed out after this in any case."""
    staff_oidc_client_id: str = ""
    staff_oidc_secret: SecretStr = SecretStr("")
    """The client's at the provider of staff; empty: it proves itself by PKCE alone."""
    staff_oidc_scopes: Words = ("profile",)
    """What is asked for beside ``openid``: whatever the two claims need."""
    staff_oidc_groups_claim: str = "groups"
    staff_oidc_name_claim: str = "name"
    staff_oidc_roles: Words = ()
    """``group=role``, as often as liked: what somebody in a group there may do here."""
    staff_oidc_acrs: Words = ()
    """Values of ``acr`` that mean a second factor; they are asked for."""
    staff_oidc_amrs: Words = ("mfa", "otp", "hwk", "sc")
    """Values of ``amr`` that mean one; where the provider shows none, ours is asked for."""
    staff_oidc_issuer: str = ""
    """The company's OpenID Connect provider, at which staff sign in; empty: none."""
    staff_oidc_only: bool = False
    """No password counts: staff sign in at the provider, or not at all."""
    figures_s: float = Field(default=300.0, ge=1)
    """How often the figures of the console's pictures are counted anew."""

    rate_staff: str = "30/minute"
    """Sign-ins to the console that may be tried from one address."""
    rate_per_key: str = "6000/minute"
    rate_per_address: str = "12000/minute"
    rate_verification: str = "30/minute"
    rate_typed: str = "12/hour"
    """Requests that somebody without an account may make about one address or account."""
    agent_unverified: int = Field(default=10, ge=1)
    """Other people that one address may ask for at a time before anything is shown."""
    agent_a_day: int = Field(default=30, ge=1)
    """Other people that one address may ask for within a day, by its own word."""
    rate_begin: str = "60/minute"
    """How often the portal may be opened without an account from one address."""
    max_body_bytes: int = Field(default=262_144, ge=1024)
    webhook_allow: Words = ()
    """Destinations (host, host:port or CIDR) that may be private: for tests and demos."""
    webhook_backoff_s: Annotated[tuple[float, ...], NoDecode] = (5, 60, 300, 1800, 7200, 43_200)
    trusted_proxies: int = Field(default=0, ge=0)

    failpoint: str = ""
    """``point:n``: ends the process there, on purpose; see ``rights.failpoints``."""
    failpoints_allowed: bool = False
    """Only where no real person's data is: without it a failpoint is refused."""

    @property
    def console_address(self) -> str:
        """Where staff reach the console, without a slash at its end."""
        return self.console_url or self.base_url.rstrip("/")

    @field_validator(
        "default_regimes",
        "approval_kinds",
        "webhook_allow",
        "sms_allow",
        "alert_mail",
        "staff_oidc_scopes",
        "staff_oidc_acrs",
        "staff_oidc_amrs",
        mode="before",
    )
    @classmethod
    def _words(cls, value: Any) -> Any:
        return tuple(w for w in value.replace(" ", "").split(",") if w) if _is(value) else value

    @field_validator("alert_mail")
    @classmethod
    def _known_roles(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            role, _, address = one.partition("=")
            if role not in (known := (*ROLES, *OF_THE_TRAIL)) or "@" not in address:
                raise ValueError(f"write role=address, with a role of: {', '.join(known)}")
        return value

    @field_validator("staff_oidc_roles", mode="before")
    @classmethod
    def _groups(cls, value: Any) -> Any:
        """A group may have spaces in its name."""
        return tuple(w.strip() for w in value.split(",") if w.strip()) if _is(value) else value

    @field_validator("staff_oidc_roles")
    @classmethod
    def _of_staff(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple("=".join(pair) for pair in staff.role_pairs(value))

    @field_validator("staff_oidc_issuer")
    @classmethod
    def _usable(cls, value: str, info: ValidationInfo) -> str:
        needed = ("staff_oidc_client_id", "staff_oidc_roles")
        lacking = [f"RIGHTS_{one.upper()}" for one in needed if not info.data.get(one)]
        if value and lacking:
            raise ValueError(f"set {' and '.join(lacking)} too: nobody could sign in there")
        return value

    @field_validator("staff_oidc_only")
    @classmethod
    def _somewhere(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic calls it
        if value and not info.data.get("staff_oidc_issuer"):
            raise ValueError("set RIGHTS_STAFF_OIDC_ISSUER too: nobody could sign in at all")
        return value

    @field_validator("evidence_url")
    @classmethod
    def _apart(cls, value: str, info: ValidationInfo) -> str:
        blobs = info.data.get("blobs_url", "")
        if value and blobs and _nested(value, blobs):
            raise ValueError(
                "is the place of packages, or within it: name another bucket or folder"
            )
        return value

    @field_validator("evidence_access_key")
    @classmethod
    def _own_key(cls, value: str, info: ValidationInfo) -> str:
        if value and value == info.data.get("blobs_access_key"):
            raise ValueError("is the key for packages: documents need credentials of their own")
        return value

    @field_validator("sms_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[\x21-\x7e]+", value):
            raise ValueError("begins with https:// and has no spaces")
        return value

    @field_validator("console_url")
    @classmethod
    def _origin(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^\s/?#@]+/?", value):
            raise ValueError("is https:// and a host, and a port if need be: no path")
        return value.rstrip("/")

    @field_validator("sms_token")
    @classmethod
    def _credential(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[\x21-\x7e]*", value.get_secret_value()):
            raise ValueError("is printable ASCII without spaces or line breaks")
        return value

    @field_validator("metrics_listen")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if value and not (host and port.isdecimal() and 0 < int(port) < 1 << 16):
            raise ValueError("write it like 127.0.0.1:9464")
        return value

    @field_validator("sms_sender")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if not value.isprintable() or len(value) > SENDER_LENGTH:
            raise ValueError(f"is one line of at most {SENDER_LENGTH} characters")
        return value

    @field_validator("brand_colour")
    @classmethod
    def _readable(cls, value: str) -> str:
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
            raise ValueError("write it like #1d4ed8")
        if contrast(value, "#ffffff") < READABLE:
            raise ValueError("is too light: nobody could read it on white, or white text on it")
        return value

    @field_validator("brand_logo")
    @classmethod
    def _picture(cls, value: Path | None) -> Path | None:
        if value is None:
            return None
        if value.suffix.lower() not in (".svg", ".png") or not value.is_file():
            raise ValueError("is no SVG or PNG file")
        if value.stat().st_size > LOGO_BYTES:
            raise ValueError(f"is larger than {LOGO_BYTES} bytes")
        return value

    @field_validator("backoff_s", "store_pause_s", "webhook_backoff_s", "recheck_s", mode="before")
    @classmethod
    def _numbers(cls, value: Any) -> Any:
        return tuple(float(w) for w in value.split(",")) if _is(value) else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - not one of our sources
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - nor this
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Values given in code, then the environment, then the TOML file."""
        file = os.environ.get("RIGHTS_CONFIG")
        toml = (TomlConfigSettingsSource(settings_cls, Path(file)),) if file else ()
        return (init_settings, env_settings, *toml)


def _nested(one: str, other: str) -> bool:
    """Return whether one of two places of blobs lies within the other."""
    places = [url.partition("?")[0].rstrip("/") + "/" for url in (one, other)]
    ends = {url.partition("?")[2] for url in (one, other)}
    return len(ends) == 1 and (places[0].startswith(places[1]) or places[1].startswith(places[0]))


def _is(value: Any) -> bool:
    return isinstance(value, str)


def load(**values: Any) -> Settings:
    """
    Return the settings of this process.

    Raises:
        ConfigError: naming every setting that is missing or malformed, and its variable; or a
            failpoint where none is allowed.
    """
    try:
        settings = Settings(**values)
    except ValidationError as error:
        problems = [f"{_variable(e['loc'])}: {e['msg']}" for e in error.errors(include_input=False)]
        raise ConfigError("settings are missing or wrong:", problems) from None
    failpoints.arm(settings.failpoint, allowed=settings.failpoints_allowed)
    return settings


def _variable(location: tuple[Any, ...]) -> str:
    return "RIGHTS_" + "_".join(str(part) for part in location).upper()
