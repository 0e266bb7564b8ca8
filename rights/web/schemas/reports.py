"""Documents about reports: numbers under codes, about nobody."""

from __future__ import annotations

from marshmallow import fields, validate

from rights.domain.period import EARLIEST, LATEST
from rights.services.reports.report import FORMAT
from rights.web.schemas.shapes import Choice, Closed, nullable


class ReportAsked(Closed):
    """Which period."""

    year = fields.Integer(required=True, validate=validate.Range(EARLIEST, LATEST))
    quarter = fields.Integer(
        validate=validate.Range(1, 4),
        metadata={"description": "Only where quarters are given out, and then needed."},
    )


class EvidenceAsked(Closed):
    """Which days, and which items of the audit guide."""

    since = fields.Date(required=True, data_key="from", metadata={"description": "First day."})
    to = fields.Date(required=True, metadata={"description": "Last day."})
    items = fields.String(
        validate=validate.Length(max=60),
        metadata={"description": "Numbers of the guide, with commas; without it all of them."},
    )


class ReportDays(Closed):
    """The days a report is about."""

    since = fields.Date(required=True, data_key="from")
    to = fields.Date(required=True)
    zone = fields.String(required=True, metadata={"description": "Where the days begin."})


class ReportMissing(Closed):
    """A figure that nothing in the register records, and why."""

    figure = fields.String(required=True)
    why = fields.String(required=True)


class ReportContent(Closed):
    """What a report says: what is hashed, and signed."""

    format = Choice((FORMAT,), required=True)
    report = Choice(("figures",), required=True)
    period = fields.Nested(ReportDays, required=True)
    public = fields.Boolean(required=True, metadata={"description": "Small numbers are left out."})
    provisional = fields.Boolean(required=True, metadata={"description": "Never true here."})
    flags = fields.List(fields.String(), required=True)
    tables = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.Dict()),
        required=True,
        metadata={
            "description": "Rows by table: codes, numbers, and under `hidden` the columns whose"
            " number is left out."
        },
    )
    missing = fields.List(fields.Nested(ReportMissing), required=True)


class EvidenceContent(ReportContent):
    """What evidence for an audit says: what is hashed, and signed. It names requests."""

    report = Choice(("audit",), required=True)
    provisional = fields.Boolean(required=True, metadata={"description": "It may still change."})


class PublishedReport(Closed):
    """A report as it was made, for good."""

    content = fields.Nested(ReportContent, required=True)
    sha256 = fields.String(required=True, metadata={"description": "Of `content`, sorted JSON."})
    key_id = fields.String(required=True)
    signature = fields.String(required=True, metadata={"description": "Ed25519, base64."})
    public_key = fields.String(required=True, metadata={"description": "Base64."})
    made_at = fields.DateTime(required=True)


class SignedEvidence(PublishedReport):
    """Evidence for an audit, as it was made and signed."""

    content = fields.Nested(EvidenceContent, required=True)


class EvidenceWaits(Closed):
    """Evidence that is being made: call again."""

    state = Choice(("waiting",), required=True)
    asked_at = fields.DateTime(required=True)


class KeptReport(Closed):
    """A report that can be read."""

    year = fields.Integer(required=True)
    quarter = nullable(fields.Integer)
    sha256 = fields.String(required=True)
    made_at = fields.DateTime(required=True)


class KeptReports(Closed):
    """The newest first; a hundred years of quarters at most."""

    periods = Choice(("year", "quarter"), required=True)
    items = fields.List(fields.Nested(KeptReport), required=True)
