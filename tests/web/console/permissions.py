"""
Who may do what, written down once more: what the code's table and the page for staff must say.

A line has the roles (R reviewer, A approver, V verifier, U auditor, M admin, L legal, D dpo,
X automation), the acts, and the words of the row in the how-to.
"""

from __future__ import annotations

import re

from rights.domain.duties import Act
from tests.architecture.tree import ROOT

PAGE = ROOT / "docs" / "how-to" / "staff-without-a-console.md"
_LETTERS = {
    "R": "reviewer",
    "A": "approver",
    "V": "verifier",
    "U": "auditor",
    "M": "admin",
    "L": "legal",
    "D": "dpo",
    "X": "automation",
}
_LINES = """
RAMX    | complete retry                  | complete or retry a step
R       | review                          | review a decision, or what a copy left out
RA      | leave_out                       | leave a step out
A       | approve                         | approve a plan
RAV     | ask_proof                       | ask for another proof
V       | identify                        | let a request go on that was stopped
AVLD    | deny                            | propose to deny a request
ALD     | confirm_denial                  | confirm or dismiss a denial
RALD    | ask_points                      | ask the person for what is missing
ALD     | ask_again                       | agree that they are asked once more
RAVLD   | log_request                     | log a request
ALD     | log_late                        | … that arrived more than 60 days ago
RALD    | correspond answer_complaint     | read and write messages
ALD     | lift                            | lift a restriction
RALD    | place_hold propose_release      | place a legal hold, or propose
L       | decide_hold read_held           | approve and release holds
ALD     | extend                          | take more time
RAVLD   | pause_clock                     | let a clock stand still
AMLD    | assign_appeal                   | assign an appeal
ALD     | decide_appeal                   | decide an appeal
V       | verify open_evidence redact_evidence | look at documents
AUD     | open_task_document              | open what shows
RAVLD   | ask_minor                       | ask to
AD      | approve_minor                   | approve that
U       | audit_minors                    | take the records of minors' requests
RAVUMLD | look                            | look at the console
RAVLD   | find_person                     | find a person's requests
RAMLD   | assign                          | say whose work a request is
RAVMLD  | open_incident                   | open a security incident
LD      | handle_incident                 | report, raise and close
ALD     | list_touched                    | list whom an incident touched
AUMLD   | report                          | make
UD      | read_trail export_trail         | read the audit trail
MLD     | mark_duty                       | mark a duty as done
M       | manage_staff                    | manage accounts of staff
M       | manage_products                 | manage products in the console
M       | change_settings                 | change settings
"""


def _rows() -> list[tuple[frozenset[str], list[Act], str]]:
    parts = [[cell.strip() for cell in line.split("|")] for line in _LINES.strip().splitlines()]
    return [
        (frozenset(_LETTERS[one] for one in who), [Act(one) for one in acts.split()], words)
        for who, acts, words in parts
    ]


MAY = {act: who for who, acts, _ in _rows() for act in acts}
"""Roles and scopes by act."""


def written() -> list[tuple[str, frozenset[str]]]:
    """Return what the how-to says: the words of each row, and the roles it names."""
    table = PAGE.read_text(encoding="utf-8").split("| may | roles |\n|---|---|\n")[1]
    rows = [line.strip("|").split(" | ") for line in table.split("\n\n")[0].splitlines()]
    return [(what.strip(), frozenset(re.findall(r"`(\w+)`", who))) for what, who in rows]


def wanted() -> list[tuple[str, frozenset[str]]]:
    """Return how each row has to begin, in their order, and the roles it has to name."""
    return [(words, who) for who, _, words in _rows()]
