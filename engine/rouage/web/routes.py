"""The table of routes: what is not in it does not exist, and each names its right (S-16)."""

from typing import Final

from rouage.web.api import Api, Route
from rouage.web.approvals import answer_run, list_approvals
from rouage.web.approve_page import decide, download, show_page

ROUTES: Final[tuple[Route, ...]] = (
    Route(method="GET", path="/healthz", right="public", handler=Api.health),
    Route(method="GET", path="/readyz", right="read", handler=Api.ready),
    Route(method="GET", path="/status", right="read", handler=Api.status),
    Route(method="GET", path="/api/runs", right="read", handler=Api.list_runs),
    Route(method="GET", path="/api/runs/{id}", right="read", handler=Api.show_run),
    Route(method="GET", path="/api/approvals", right="read", handler=list_approvals),
    Route(method="POST", path="/api/runs/{id}/answer", right="change", handler=answer_run),
    Route(method="POST", path="/api/runs/{id}/cancel", right="change", handler=Api.cancel_run),
    Route(method="POST", path="/api/runs/{id}/resolve", right="change", handler=Api.resolve_run),
    Route(method="POST", path="/api/runs/{id}/rerun", right="change", handler=Api.rerun),
    Route(method="POST", path="/api/recipes/{id}/run", right="change", handler=Api.start_run),
    Route(method="POST", path="/api/stop", right="change", handler=Api.stop),
    Route(method="GET", path="/approve/{token}", right="link", handler=show_page),
    Route(method="HEAD", path="/approve/{token}", right="link", handler=show_page),
    Route(method="POST", path="/approve/{token}", right="link", handler=decide),
    Route(method="GET", path="/approve/{token}/{digest}", right="link", handler=download),
)
