"""Settings of what this service shows of itself: metrics, reports, checkpoints kept elsewhere."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode


class OutwardSettings(BaseSettings):
    """What an operator lets out, and where to. Each default is the cautious one."""

    report_periods: Literal["year", "quarter"] = "year"
    """Of which periods products are given figures: never both, the difference can be small."""

    metrics_listen: str = ""
    """``host:port`` at which this process serves metrics and readiness; empty: nowhere."""

    traces_url: str = ""
    """Where traces are sent, OTLP over HTTP: ``http://host:4318/v1/traces``; empty: nowhere."""
    traces_token: SecretStr = SecretStr("")
    """The bearer credential there, if it asks for one."""
    traces_share: float = Field(default=1.0, ge=0, le=1)
    """Which share of requests is traced."""

    checkpoints_url: str = ""
    """A bucket with object lock, ``s3://bucket/prefix?endpoint=…``, that keeps a checkpoint a day;
    empty: nowhere."""
    checkpoints_access_key: str = ""
    checkpoints_secret_key: SecretStr = SecretStr("")
    """Credentials that may put, lock and read there, and delete nothing; only the relay's."""
    checkpoints_region: str = "us-east-1"
    checkpoints_lock: Literal["COMPLIANCE", "GOVERNANCE"] = "COMPLIANCE"
    """Whether nobody at all can remove what is kept, or only who holds a right of its own."""
    checkpoints_days: int = Field(default=1096, ge=1, le=36_500)
    """For how long nobody can remove it."""

    @field_validator("traces_url")
    @classmethod
    def _collector(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^\s@?#]+", value):
            raise ValueError("is http(s)://<host>:<port>/v1/traces, without credentials in it")
        return value

    @field_validator("checkpoints_url")
    @classmethod
    def _bucket(cls, value: str) -> str:
        if value and not value.startswith("s3://"):
            raise ValueError("is s3://<bucket>/<prefix>?endpoint=<url>: object lock is of buckets")
        return value

    home_regions: Annotated[tuple[str, ...], NoDecode] = ()
    """Regions in which buckets of this register may lie; empty: in any. Source: CSL 39."""

    @field_validator("home_regions", mode="before")
    @classmethod
    def _regions(cls, value: Any) -> Any:
        """Take them as they are written, after commas."""
        if not isinstance(value, str):
            return value
        return tuple(one.strip() for one in value.split(",") if one.strip())

    mainland_users: bool = False
    """Whether the services are offered to people in mainland China: ``cn_general`` then applies too
    to whom no law was named for."""

    @field_validator("default_regimes", check_fields=False)
    @classmethod
    def _of_whom_nothing_is_known(
        cls, value: tuple[str, ...], info: ValidationInfo
    ) -> tuple[str, ...]:
        """Add the law of the mainland where its users may be among them. Source: PIPL 3."""
        lacks = info.data.get("mainland_users") and value and "cn_general" not in value
        return (*value, "cn_general") if lacks else value
