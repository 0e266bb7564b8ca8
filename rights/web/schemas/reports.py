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


class PublishedReport(Closed):
    """A report as it was made, for good."""

    content = fields.Nested(ReportContent, required=True)
    sha256 = fields.String(required=True, metadata={"description": "Of `content`, sorted JSON."})
    key_id = fields.String(required=True)
    signature = fields.String(required=True, metadata={"description": "Ed25519, base64."})
    public_key = fields.String(required=True, metadata={"description": "Base64."})
    made_at = fields.DateTime(required=True)


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
