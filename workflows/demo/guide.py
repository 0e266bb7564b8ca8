"""What to try with a running demo: ready to paste, with today's key and today's people."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from string import Template
from typing import Final

from workflows.demo.house.building import House
from workflows.demo.house.settings import environment

_TEXT: Final = Template("""
The demo company is up.

  the shop       $website
                 its customers' pages: be one of them and open Privacy (个人信息与隐私)
  the portal     $api/portal/
                 the same for people without an account. $reader there gets a copy with the
                 address $mailbox, the code that appears here, and two details the shop
                 holds: born on $born, order number, last four digits of a card
  the console    $staff
                 where privacy staff see every clock and decide: be a reviewer, an approver or an
                 administrator with one click. Letters lie there too late, a plan waits
  API            $api, its pages $api/docs
  mails, texts   appear here as they are sent, the codes that people are asked for in them
  to stop        Ctrl-C, or: kill $pid

In another terminal, in this folder:

  export API=$api KEY=$key
  call() { curl -s -H "Authorization: Bearer $$KEY" -H 'Content-Type: application/json' "$$@"; }

What people can ask for:
  call $$API/v1/kinds

A device nobody is signed in on wants no personal recommendations (its feed before and after):
  curl -s '$recommender/feed?device_id=$device'
  call -d '{"name": "personalised", "subject": {"device_id": "$device"}}' $$API/v1/preferences/off
  curl -s '$recommender/feed?device_id=$device'

$name (account $user) wants everything deleted. The shop vouches for the session, and a code goes
to the address; it appears here:
  A=$$($python -m workflows.demo.assertion --state $folder --user $user --email $email)
  call -d "{\\"kind\\": \\"deletion\\", \\"assertion\\": \\"$$A\\"}" $$API/v1/requests
  call -d '{"code": "THE-CODE"}' $$API/v1/requests/THE-ID/verification/answer
  call $$API/v1/requests/THE-ID/timeline
  call $$API/v1/requests/THE-ID/receipt

$reader (account $reading) wants a copy of everything. Signed in with two factors, that is proof
enough; downloading asks for a fresh one:
  fresh() { $python -m workflows.demo.assertion --state $folder --user $reading --acr mfa; }
  call -d "{\\"kind\\": \\"copy\\", \\"assertion\\": \\"$$(fresh)\\"}" $$API/v1/requests
  call $$API/v1/requests/THE-ID/packages
  call -d "{\\"assertion\\": \\"$$(fresh)\\"}" $$API/v1/requests/THE-ID/packages/PACKAGE-ID/grants
  curl -s -H 'Authorization: Bearer THE-TOKEN' $$API/v1/packages/PACKAGE-ID/content -o package.zip

What staff do, with the settings of this demo:
  . $settings
  ./run rights tasks list
  ./run rights audit verify
""")


def guide(house: House, staff: str) -> dict[str, object]:
    """
    Print what to try; return the same facts for a program.

    Args:
        staff: The address where one signs in as one of the sample staff.
    """
    settings = house.folder / "rights.env"
    _write_settings(settings, environment(house.addresses, house.credentials))
    roles = ("deletion", "recommendation_opt_out", "copy")
    person, visitor, reader = map(house.company.member, roles)
    values = {
        "reader": reader.name,
        "reading": str(reader.id),
        "mailbox": reader.email,
        "born": reader.born.isoformat(),
        "api": house.addresses.base_url,
        "website": house.addresses.website_url,
        "staff": staff,
        "console": f"{house.addresses.console_url}/console/",
        "key": house.backend.key,
        "pid": str(os.getpid()),
        "recommender": house.addresses.recommender_url,
        "device": visitor.device,
        "name": person.name,
        "user": str(person.id),
        "email": person.email,
        "folder": shlex.quote(str(house.folder)),
        "settings": shlex.quote(str(settings)),
        "python": shlex.quote(sys.executable),
    }
    print(_TEXT.substitute(values), file=sys.stderr, flush=True)
    shown = ("api", "website", "console", "staff", "key", "recommender", "folder", "settings")
    return {"ok": True, **{name: values[name] for name in shown}}


def _write_settings(file: Path, values: dict[str, str]) -> None:
    """Write the environment as a shell reads it, for the owner only."""
    file.touch(mode=0o600)
    lines = (f"export {k}={shlex.quote(v)}\n" for k, v in values.items() if k.startswith("RIGHTS_"))
    file.write_text("".join(lines))
