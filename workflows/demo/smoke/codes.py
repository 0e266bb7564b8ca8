"""One-time codes, read from the mails that arrive, as the person would."""

from __future__ import annotations

import time

from workflows.demo.house.terminal import code_in
from workflows.embedded.smtp import Sink


def wait_for_code(sink: Sink, address: str, *, seen: int, timeout_s: float = 15.0) -> str:
    """
    Return the code in the next mail to *address* that has one.

    Args:
        seen: How many mails to pass over: those that were there before.

    Raises:
        TimeoutError: none came.
    """
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        for message in sink.messages[seen:]:
            if message["X-Envelope-To"].lower() == address.lower():
                code = code_in(message)
                if code:
                    return code
        time.sleep(0.02)
    raise TimeoutError("no mail with a code arrived in time")
