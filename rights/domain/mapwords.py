"""The words a data map is written in: each a short list of choices."""

from __future__ import annotations

from enum import StrEnum

Scalar = str | int | float | bool | None
"""A value a key or a switch may have."""


class Role(StrEnum):
    """What a link says about the row and the person behind its target."""

    OWNER = "owner"
    ACCESSOR = "accessor"
    OWNS = "owns"
    ACCESSES = "accesses"
    NONE = "none"


class Depth(StrEnum):
    """What happens to rows that hang on an erased row by a ``none`` link."""

    SHALLOW = "shallow"
    DEEP = "deep"


class Erasure(StrEnum):
    """What deletion means for a row or a field."""

    DELETE = "delete"
    ANONYMISE = "anonymise"
    KEEP = "keep"


class OnErasure(StrEnum):
    """What the erasure of the person behind a link does to the row."""

    DECORRELATE = "decorrelate"
    DELETE = "delete"
    KEEP = "keep"


class Secret(StrEnum):
    """Values that never leave in clear."""

    CREDENTIAL = "credential"
    GOV_ID = "gov_id"
    BANK_ACCOUNT = "bank_account"
    HEALTH_INSURANCE_ID = "health_insurance_id"
    BIOMETRIC = "biometric"


class Source(StrEnum):
    """Where a value came from."""

    PROVIDED = "provided"
    COLLECTED = "collected"
    OBSERVED = "observed"
    DERIVED = "derived"
    THIRD_PARTY = "third_party"
    PUBLIC = "public"


class RelatesTo(StrEnum):
    """Whose data a field may hold."""

    SELF = "self"
    OTHER = "other"
    MIXED = "mixed"
