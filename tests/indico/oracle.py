"""
What is true about the conference's people, said in plain SQL by somebody who knows its tables.

Nothing here knows of data maps or plans. Each answer is a hand-written condition per table, from
the system's own models: whose a row is, which rows of others a person may see, what law holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from tests.indico.digest import Rows, connect

_U, _E = "ANY(%(users)s)", "ANY(%(emails)s)"

_PERSONS = (
    f"SELECT id FROM events.persons WHERE user_id = {_U}"
    f" OR (user_id IS NULL AND lower(email) = {_E})"
)
_REGISTRATIONS = (
    f"SELECT id FROM event_registration.registrations WHERE user_id = {_U}"
    f" OR (user_id IS NULL AND lower(email) = {_E})"
)
_HELD = (
    f"{_REGISTRATIONS} INTERSECT SELECT id FROM event_registration.registrations"
    " WHERE submitted_dt > now() AT TIME ZONE 'UTC' - interval '3 years'"
)
_BOOKINGS = (
    f"SELECT id FROM roombooking.reservations WHERE created_by_id = {_U} OR booked_for_id = {_U}"
)
_OWN_BOOKINGS = (
    f"SELECT id FROM roombooking.reservations WHERE COALESCE(created_by_id = {_U}, true)"
    f" AND COALESCE(booked_for_id = {_U}, true)"
    " AND (created_by_id IS NOT NULL OR booked_for_id IS NOT NULL)"
)
_BLOCKS = (
    "SELECT session_block_id FROM events.session_block_person_links"
    f" WHERE person_id IN ({_PERSONS})"
)
_ABSTRACTS = (
    f"SELECT id FROM event_abstracts.abstracts WHERE submitter_id = {_U} OR judge_id = {_U}"
    " UNION SELECT abstract_id FROM event_abstracts.abstract_person_links"
    f" WHERE person_id IN ({_PERSONS})"
)
_BY_USER = f"user_id = {_U}"
_BY_USER_OR_EMAIL = f"user_id = {_U} OR lower(email) = {_E}"
_BY_PERSON = f"person_id IN ({_PERSONS})"

_OWN = {
    **dict.fromkeys(
        (
            "users.emails", "users.identities", "users.settings", "users.api_keys", "users.tokens",
            "users.favorite_users", "users.favorite_events", "users.favorite_categories",
            "users.suggested_categories", "users.group_members", "oauth.application_user_links",
            "roombooking.favorite_rooms", "roombooking.room_principals",
            "roombooking.blocking_principals", "categories.role_members", "categories.principals",
            "events.role_members", "events.track_principals", "events.settings_principals",
            "indico.settings_principals", "attachments.attachment_principals",
            "attachments.folder_principals", "event_surveys.submissions",
            "event_surveys.anonymous_submissions", "event_abstracts.abstract_comments",
            "event_paper_reviewing.judges", "event_paper_reviewing.content_reviewers",
            "event_paper_reviewing.layout_reviewers", "event_paper_reviewing.competences",
            "event_paper_reviewing.review_comments",
        ),
        _BY_USER,
    ),
    **dict.fromkeys(
        ("events.principals", "events.contribution_principals", "events.session_principals"),
        _BY_USER_OR_EMAIL,
    ),
    **dict.fromkeys(
        (
            "events.event_person_links", "events.session_block_person_links",
            "events.contribution_person_links", "events.subcontribution_person_links",
            "event_abstracts.abstract_person_links",
        ),
        _BY_PERSON,
    ),
    "users.users": f"id = {_U}",
    "users.registration_requests": f"lower(email) = {_E}",
    "oauth.tokens": "app_user_link_id IN"
    f" (SELECT id FROM oauth.application_user_links WHERE user_id = {_U})",
    "event_registration.registrations": f"id IN ({_REGISTRATIONS})",
    "event_registration.registration_data": f"registration_id IN ({_REGISTRATIONS})",
    "event_registration.registration_tags": f"registration_id IN ({_REGISTRATIONS})",
    "events.payment_transactions": f"registration_id IN ({_REGISTRATIONS})",
    "event_registration.invitations": f"lower(email) = {_E}",
    "events.agreements": f"user_id = {_U} OR (user_id IS NULL AND lower(person_email) = {_E})",
    "event_surveys.answers": "submission_id IN"
    f" (SELECT id FROM event_surveys.submissions WHERE user_id = {_U})",
    "events.persons": f"id IN ({_PERSONS})",
    "roombooking.blockings": f"created_by_id = {_U}",
    "roombooking.blocked_rooms": "blocking_id IN"
    f" (SELECT id FROM roombooking.blockings WHERE created_by_id = {_U})",
}  # fmt: skip
"""Rows that are the person's own, though bookings of two people are told apart below."""

_OF_BOOKINGS = {
    "roombooking.reservations": "id IN ({})",
    "roombooking.reservation_occurrences": "reservation_id IN ({})",
    "roombooking.reservation_edit_logs": "reservation_id IN ({})",
    "roombooking.reservation_links": "id IN"
    " (SELECT link_id FROM roombooking.reservations WHERE id IN ({}))",
}

_SEEN = {
    "event_abstracts.abstracts": f"id IN ({_ABSTRACTS})",
    "event_abstracts.abstract_comments": f"visibility = 4 AND abstract_id IN ({_ABSTRACTS})",
    "event_abstracts.abstract_reviews": _BY_USER,
    "event_abstracts.abstract_review_ratings": "review_id IN"
    f" (SELECT id FROM event_abstracts.abstract_reviews WHERE user_id = {_U})",
    "event_paper_reviewing.revisions": f"submitter_id = {_U} OR judge_id = {_U}",
    "event_paper_reviewing.reviews": _BY_USER,
    "event_editing.editables": f"editor_id = {_U}",
    "event_editing.revisions": f"submitter_id = {_U} OR editor_id = {_U}",
    "event_editing.comments": _BY_USER,
    "events.events": f"creator_id = {_U}",
    "events.session_blocks": f"id IN ({_BLOCKS})",
    "events.contributions": f"session_block_id IN ({_BLOCKS}) OR id IN"
    f" (SELECT contribution_id FROM events.contribution_person_links WHERE {_BY_PERSON})",
    "events.notes": f"event_id IN (SELECT id FROM events.events WHERE creator_id = {_U})",
    "events.note_revisions": _BY_USER,
    "events.logs": _BY_USER,
    "events.reminders": f"creator_id = {_U}",
    "events.requests": f"created_by_id = {_U} OR processed_by_id = {_U}",
    "events.static_sites": f"creator_id = {_U}",
    "events.vc_rooms": f"created_by_id = {_U}",
    "categories.logs": _BY_USER,
    "categories.event_move_requests": f"requestor_id = {_U} OR moderator_id = {_U}",
    "attachments.attachments": _BY_USER,
    "attachments.files": _BY_USER,
    "roombooking.rooms": f"owner_id = {_U}",
}
"""Rows of the conference, or of others, that the person may see or once had a hand in."""

_NAMED = {
    "users.favorite_users": f"target_id = {_U}",
    "roombooking.blocking_principals": "blocking_id IN"
    f" (SELECT id FROM roombooking.blockings WHERE created_by_id = {_U})",
}
"""Rows of others that go with the person all the same."""

_STAYS = {
    "users.users": f"id = {_U}",
    "event_registration.registrations": f"id IN ({_HELD})",
    "event_registration.registration_data": f"registration_id IN ({_HELD})",
    "events.payment_transactions": f"registration_id IN ({_HELD})",
}
"""Own rows that stay: the emptied account, and what law holds."""

_CHANGED = {
    **_STAYS,
    "events.logs": _BY_USER,
    "categories.logs": _BY_USER,
    "events.reminders": f"creator_id = {_U}",
    "events.requests": f"processed_by_id = {_U}",
    "event_abstracts.abstracts": f"modified_by_id = {_U}",
    "event_abstracts.abstract_comments": f"modified_by_id = {_U}",
    "event_abstracts.email_logs": _BY_USER,
    "event_paper_reviewing.review_comments": f"modified_by_id = {_U}",
    "event_editing.editables": f"editor_id = {_U}",
    "event_editing.revisions": f"editor_id = {_U}",
    "event_registration.invitations": f"registration_id IN ({_REGISTRATIONS} EXCEPT {_HELD})",
    "roombooking.reservations": f"id IN ({_BOOKINGS})",
}
"""Rows in which something of the person is emptied, if they are not gone."""

_LEFT = {
    "event_registration.registrations": f"id IN ({_HELD})",
    "events.payment_transactions": f"registration_id IN ({_HELD})",
    "event_abstracts.email_logs": "recipients && %(emails)s::varchar[]",
    "events.logs": f"user_id IS NULL AND lower(data ->> 'Email') = {_E}",
    "events.reminders": "recipients && %(emails)s::varchar[]",
}
"""
Rows in which an address of the person is left: where law holds them, and where it stands in a list
or a document of a row that nothing else ties to the person, so that no data map finds it.
"""


@dataclass(frozen=True)
class Expected:
    """
    What requests of one person have to do.

    Args:
        shown: Rows a copy holds.
        gone: Rows an erasure removes.
        changed: Rows an erasure leaves, with something emptied.
        held: Rows that law holds.
        left: Rows in which one of their addresses is to be read after an erasure.
    """

    users: list[int]
    emails: list[str]
    shown: Rows
    gone: Rows
    changed: Rows
    held: Rows
    left: Rows


def expected(url: str, email: str) -> Expected:
    """Return what is due to whoever has the address *email*."""
    with connect(url) as connection:
        said = {**_identity(connection, email)}

        def rows(conditions: dict[str, str]) -> Rows:
            return _rows(connection, conditions, said)

        bookings = {t: c.format(_BOOKINGS) for t, c in _OF_BOOKINGS.items()}
        own_bookings = {t: c.format(_OWN_BOOKINGS) for t, c in _OF_BOOKINGS.items()}
        own, stays = rows(_OWN), rows(_STAYS)
        gone = _less(_more(own, rows(own_bookings), rows(_NAMED)), stays)
        return Expected(
            users=said["users"],
            emails=said["emails"],
            shown=_more(own, rows(bookings), rows(_SEEN)),
            gone=gone,
            changed=_less(rows(_CHANGED), gone),
            held={t: keys for t, keys in stays.items() if t != "users.users"},
            left=rows(_LEFT),
        )


def _identity(connection: psycopg.Connection, email: str) -> dict[str, Any]:
    """Return the person's accounts, merged ones too, and all their addresses."""
    found = connection.execute(
        "SELECT DISTINCT user_id FROM users.emails WHERE lower(email) = lower(%s)", [email]
    ).fetchall()
    users = [row[0] for row in found]
    merged = connection.execute(
        "SELECT id FROM users.users WHERE merged_into_id = ANY(%s)", [users]
    ).fetchall()
    users = sorted({*users, *(row[0] for row in merged)})
    emails = connection.execute(
        "SELECT DISTINCT lower(email) FROM users.emails WHERE user_id = ANY(%s)", [users]
    ).fetchall()
    return {"users": users, "emails": sorted({email.lower(), *(row[0] for row in emails)})}


def _rows(connection: psycopg.Connection, conditions: dict[str, str], said: dict[str, Any]) -> Rows:
    found = {}
    for table, condition in conditions.items():
        key = ", ".join(KEYS.get(table, ("id",)))
        query: Any = f"SELECT concat_ws('/', {key}) FROM {table} WHERE {condition}"
        found[table] = {row[0] for row in connection.execute(query, said).fetchall()}
    return {table: keys for table, keys in found.items() if keys}


def _more(*several: Rows) -> Rows:
    tables = {table for rows in several for table in rows}
    return {t: {key for rows in several for key in rows.get(t, ())} for t in tables}


def _less(rows: Rows, without: Rows) -> Rows:
    left = {table: keys - without.get(table, set()) for table, keys in rows.items()}
    return {table: keys for table, keys in left.items() if keys}


KEYS = {
    "users.favorite_users": ("user_id", "target_id"),
    "users.favorite_events": ("user_id", "target_id"),
    "users.favorite_categories": ("user_id", "target_id"),
    "users.suggested_categories": ("user_id", "category_id"),
    "users.group_members": ("group_id", "user_id"),
    "roombooking.favorite_rooms": ("user_id", "room_id"),
    "roombooking.reservation_occurrences": ("reservation_id", "start_dt"),
    "categories.role_members": ("role_id", "user_id"),
    "events.role_members": ("role_id", "user_id"),
    "event_registration.registration_data": ("registration_id", "field_data_id"),
    "event_registration.registration_tags": ("registration_id", "registration_tag_id"),
    "event_surveys.answers": ("submission_id", "question_id"),
    "event_surveys.anonymous_submissions": ("survey_id", "user_id"),
    "event_paper_reviewing.judges": ("contribution_id", "user_id"),
    "event_paper_reviewing.content_reviewers": ("contribution_id", "user_id"),
    "event_paper_reviewing.layout_reviewers": ("contribution_id", "user_id"),
}
"""Primary keys of more than one column, in the order of the key."""
