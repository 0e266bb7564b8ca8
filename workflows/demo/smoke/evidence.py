"""What must hold after the run, checked apart from the code that made it so."""

from __future__ import annotations

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import urllib3

from rights.services import checkpoints
from rights.services.receipts import verify_export
from rights.services.signing import Signer
from rights.store.db import open_engine
from workflows.demo.company.people import Person
from workflows.demo.house.building import House
from workflows.demo.smoke.asking import Outcome
from workflows.demo.smoke.hooks import Receiver
from workflows.embedded.smtp import Sink

_MAIL_S: Final = 10.0
_MANIFEST: Final = "manifest.json"


def mail_sent(sink: Sink, outcomes: Iterable[Outcome]) -> str:
    """Return what is wrong, or nothing: each person got a mail at the start and one at the end."""
    people = [o.person.email.lower() for o in outcomes if o.person]

    def without() -> list[str]:
        got = [m["X-Envelope-To"].lower() for m in list(sink.messages)]
        return [p for p in people if got.count(p) < 2]  # noqa: PLR2004 - received, and outcome

    lacking = until_empty(without, timeout_s=_MAIL_S)
    return f"{len(lacking)} people were not written to twice" if lacking else ""


def until_empty(find: Callable[[], list[str]], *, timeout_s: float) -> list[str]:
    """Ask again until nothing is found or the time is over."""
    end = time.monotonic() + timeout_s
    while (found := find()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def package_opens(outcomes: Sequence[Outcome]) -> str:
    """Return what is wrong with any package, or nothing."""
    packages = [o for o in outcomes if o.package]
    if not packages:
        return "there is no package"
    return "; ".join(filter(None, (_opens(o) for o in packages)))


def _opens(outcome: Outcome) -> str:
    with zipfile.ZipFile(io.BytesIO(outcome.package)) as archive:
        if broken := archive.testzip():
            return f"{outcome.name}: {broken} is broken"
        manifest = json.loads(archive.read(_MANIFEST))
        listed = {f["path"]: f["sha256"] for f in manifest["files"]}
        present = {n for n in archive.namelist() if not n.endswith("/")} - {_MANIFEST}
        if present != set(listed):
            return f"{outcome.name}: the manifest does not list what is there"
        for path, digest in listed.items():
            if hashlib.sha256(archive.read(path)).hexdigest() != digest:
                return f"{outcome.name}: {path} is not what the manifest says"
    return ""


def audit_chain(house: House) -> str:
    """Return what is wrong with the audit trail, or nothing."""
    engine = open_engine(house.addresses.register_url)
    try:
        report = checkpoints.verify(engine, Signer(house.credentials.signing_key))
    finally:
        engine.dispose()
    if not report.entries:
        return "there are no entries"
    return "" if report.ok else "; ".join(report.problems[:3])


def receipts_verify(house: House, outcomes: Iterable[Outcome]) -> str:
    """Return what is wrong with any receipt, or nothing; a changed one must not hold."""
    public = Signer(house.credentials.signing_key).public()
    for outcome in outcomes:
        given = outcome.receipt
        key = public.get(given.get("key_id", ""))
        if key is None:
            return f"{outcome.name}: no receipt under a key of ours"
        file = {
            "receipt": given["body"],
            "key_id": given["key_id"],
            "signature": given["signature"],
            "public_key": key,
        }
        if not verify_export(json.dumps(file).encode(), public_key=key).ok:
            return f"{outcome.name}: the signature does not hold"
        forged = {**file, "receipt": given["body"].replace(outcome.request_id, "0" * 32)}
        if verify_export(json.dumps(forged).encode(), public_key=key).ok:
            return f"{outcome.name}: a changed receipt holds too"
    return ""


def webhooks_delivered(receiver: Receiver, outcomes: Iterable[Outcome]) -> str:
    """Return what is wrong, or nothing: every end was told of, properly signed."""
    lacking = [
        o.name
        for o in outcomes
        if o.request_id and not receiver.wait_for(o.request_id, f"request.{o.state}")
    ]
    if receiver.refused:
        return f"{receiver.refused} deliveries had a wrong signature"
    return f"nothing was told of {', '.join(lacking)}" if lacking else ""


def feed_is_plain(recommender_url: str, person: Person) -> str:
    """Return what is wrong, or nothing: the device's feed has nothing personal any more."""
    answer = urllib3.request("GET", f"{recommender_url}/feed?device_id={person.device}")
    return "the feed is still personalised" if answer.json()["personalised"] else ""


def waits_for_a_human(recommender_url: str, person: Person) -> str:
    """Return what is wrong, or nothing: the next decision is left to a person."""
    answer = urllib3.request("POST", f"{recommender_url}/decide?user_id={person.id}")
    state = answer.json().get("state")
    return "" if state == "pending_human" else f"the next decision was {state}"
