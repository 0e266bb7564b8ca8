"""What goes wrong on a page becomes a page: for every surface that people look at."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from flask import Blueprint
from werkzeug import Response
from werkzeug.exceptions import HTTPException

from rights.domain.errors import RightsError, TooMany
from rights.web import problems

_FAULT: Final = 500


@dataclass(frozen=True, slots=True)
class WrongPages:
    """
    How one surface says what went wrong.

    Args:
        tell: Takes a code and a status; returns the page.
        known: Whether the surface has words for a code.
        hear: Takes every deliberate error before its page is made.
    """

    tell: Callable[[str, int], Response]
    known: Callable[[str], bool]
    hear: Callable[[RightsError], None] = lambda _: None

    def serve(self, blueprint: Blueprint) -> None:
        """Let everything that goes wrong in *blueprint* become such a page."""
        blueprint.register_error_handler(RightsError, self._deliberate)
        blueprint.register_error_handler(problems.Problem, self._ours)
        blueprint.register_error_handler(HTTPException, self._of_http)
        blueprint.register_error_handler(Exception, self._fault)

    def _deliberate(self, error: Exception) -> Response:
        if not isinstance(error, RightsError) or type(error) not in problems.STATUS:
            return self._fault(error)
        self.hear(error)
        code = error.code if self.known(error.code) else type(error).code
        response = self._told(code, problems.STATUS[type(error)])
        if isinstance(error, TooMany):
            response.headers["Retry-After"] = str(math.ceil(error.retry_after.total_seconds()))
        return response

    def _ours(self, error: Exception) -> Response:
        assert isinstance(error, problems.Problem)
        return self._told(error.code, problems.status_of(error.code))

    def _of_http(self, error: Exception) -> Response:
        status = error.code if isinstance(error, HTTPException) and error.code else _FAULT
        return self._told(problems.code_of(status), status)

    def _fault(self, error: Exception) -> Response:
        code = problems.unforeseen(error)
        response = self._told(code, problems.status_of(code))
        response.headers.extend(problems.again_in(code))
        return response

    def _told(self, code: str, status: int) -> Response:
        if not self.known(code):
            code = "server_error" if status >= _FAULT else "other"
        return self.tell(code, status)
