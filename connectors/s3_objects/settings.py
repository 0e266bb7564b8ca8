"""What an operator writes under ``settings:`` of an ``s3_objects`` store."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class S3Settings:
    """
    Where the bucket is and how to open it.

    Args:
        bucket: A collection may name another under its own ``settings``.
        endpoint: Empty for AWS.
        access_key, secret_key: Empty for what the machine itself has (a role, say).
        versions: False for a store that cannot list versions; refused for a bucket that keeps
            them.
        path_style: The bucket in the path instead of the host name; most stores that are
            not AWS need it.
    """

    bucket: str
    endpoint: str = ""
    region: str = "us-east-1"
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    versions: bool = True
    path_style: bool = True
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 30.0
