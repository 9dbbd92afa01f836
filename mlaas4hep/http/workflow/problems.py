"""Errors on their way out: a status, `{"error": {…}}`, and when to come again."""

import logging

import flask

from mlaas4hep.errors import MlaasError
from mlaas4hep.faas.on_event import error_answer

log = logging.getLogger(__name__)

RETRY_AFTER_S = {429: "10", 503: "2"}


def tell(error: Exception) -> flask.Response:
    """Return the answer for an error; what was not foreseen is logged and not shown."""
    body, status = error_answer(error)
    if isinstance(error, MlaasError):
        log.info("%d %s: %s", status, error.code, error)
    response = flask.jsonify(body)
    response.status_code = status
    if status in RETRY_AFTER_S:
        response.headers["Retry-After"] = RETRY_AFTER_S[status]
    if status == 401:  # noqa: PLR2004 - what RFC 6750 asks for
        response.headers["WWW-Authenticate"] = 'Bearer realm="mlaas4hep"'
    return response
