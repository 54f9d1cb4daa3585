"""What a visitor sees when something is not there or goes wrong: a page with a way on, in JSON for programs."""

from __future__ import annotations

import logging
from typing import Any

from datasette.app import Datasette
from datasette.utils.asgi import Base400, Request, Response
from datasette.views.base import DatasetteError
from markupsafe import Markup

logger = logging.getLogger(__name__)


async def answer(datasette: Datasette, request: Request, exception: Exception) -> Response:
    """The answer to a request that failed. Faults of ours are logged; nothing of them is shown."""
    title, info = None, {}
    if isinstance(exception, Base400):
        status, message = exception.status, str(exception.args[0] if exception.args else "")
    elif isinstance(exception, DatasetteError):
        status, title, info = exception.status, exception.title, exception.error_dict
        message = Markup(exception.message) if exception.message_is_html else str(exception.message)
    else:
        logger.error("%s failed", request.path, exc_info=exception)
        status, message = 500, "Something went wrong here."
    if message == "404":
        message = "Nothing is known under this address. It may have moved."
    shown: dict[str, Any] = {**info, "ok": False, "error": message, "status": status, "title": title}
    if request.path.endswith(".json"):
        return Response.json(shown, status=status)
    html = await datasette.render_template("error.html", shown, request=request)
    return Response.html(html, status=status)
