"""
Blacks out rectangles of a picture that a stranger sent, in a process of its own.

Pictures are read by C code, and what is made to break it must find nothing: the process that does
it has no environment, no keys, no register and no place to write to, and little memory and time.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import astuple
from typing import Final

from rights.domain import boxes as rectangles
from rights.domain.boxes import Box
from rights.domain.errors import FieldError, Invalid

FORMATS: Final = {"image/png": "PNG", "image/jpeg": "JPEG"}
"""What is read at all, and as what alone; a PDF is none of it."""
LONGEST_S: Final = 60


def blacked_out(picture: bytes, media_type: str, boxes: Sequence[Box]) -> bytes:
    """
    Return the picture made anew, upright, its rectangles black, with nothing beside its pixels.

    Raises:
        Invalid: it is no picture, cannot be read, is too large, or a box is outside of it.
    """
    check(media_type)
    order = {"format": FORMATS[media_type], "boxes": [astuple(box) for box in boxes]}
    asked = json.dumps(order).encode() + b"\n" + picture
    said, _, made = _answer(asked).partition(b"\n")
    answer = json.loads(said or b"{}")
    if "width" not in answer:
        raise _unread("could not be read as a picture, or is too large")
    rectangles.check(boxes, answer["width"], answer["height"])
    if not made:
        raise _unread("could not be read as a picture to its end")
    return made


def check(media_type: str) -> None:
    """Make sure that a document is a picture. Raises Invalid."""
    if media_type not in FORMATS:
        raise _unread("is no PNG or JPEG: ask for a picture of the page that is needed")


def _answer(asked: bytes) -> bytes:
    command = [sys.executable, "-I", "-m", "workflows.blackener"]
    try:
        done = subprocess.run(
            command, input=asked, capture_output=True, env={}, timeout=LONGEST_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise _unread("took too long to be read as a picture") from None
    # What the reader complains of may hold what it read: it goes nowhere.
    return done.stdout if done.returncode == 0 else b""


def _unread(message: str) -> Invalid:
    return Invalid(f"this document {message}", [FieldError("evidence", message)])
