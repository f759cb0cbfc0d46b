"""The table of routes: what is not in it does not exist, and each names its right (S-16)."""

from typing import Final

from rouage.web.api import Api, Route
from rouage.web.approvals import answer_run, list_approvals
from rouage.web.approve_page import decide, download, show_page
from rouage.web.corrections import decide_correction, list_corrections
from rouage.web.forgetting import forget_person
from rouage.web.outbox import change_outbox, list_outbox
from rouage.web.previews import preview
from rouage.web.replays import replay_event
from rouage.web.undo import undo_run
from rouage.web.upholding import (
    forget_notice,
    list_notices,
    list_pauses,
    pause,
    reload,
    resume,
)

ROUTES: Final[tuple[Route, ...]] = (
    Route(method="GET", path="/healthz", right="public", handler=Api.health),
    Route(method="GET", path="/readyz", right="read", handler=Api.ready),
    Route(method="GET", path="/status", right="read", handler=Api.status),
    Route(method="GET", path="/api/runs", right="read", handler=Api.list_runs),
    Route(method="GET", path="/api/runs/{id}", right="read", handler=Api.show_run),
    Route(method="GET", path="/api/approvals", right="read", handler=list_approvals),
    Route(method="POST", path="/api/runs/{id}/answer", right="change", handler=answer_run),
    Route(method="GET", path="/api/outbox", right="read", handler=list_outbox),
    Route(method="POST", path="/api/runs/{id}/outbox", right="change", handler=change_outbox),
    Route(method="POST", path="/api/runs/{id}/cancel", right="change", handler=Api.cancel_run),
    Route(method="POST", path="/api/runs/{id}/resolve", right="change", handler=Api.resolve_run),
    Route(method="POST", path="/api/runs/{id}/rerun", right="change", handler=Api.rerun),
    Route(method="POST", path="/api/runs/{id}/undo", right="change", handler=undo_run),
    Route(method="POST", path="/api/events/{id}/replay", right="change", handler=replay_event),
    Route(method="POST", path="/api/recipes/{id}/run", right="change", handler=Api.start_run),
    Route(method="GET", path="/api/recipes/{id}/preview", right="read", handler=preview),
    Route(
        method="POST",
        path="/api/recipes/{id}/existing",
        right="change",
        handler=Api.take_existing,
    ),
    Route(method="GET", path="/api/pauses", right="read", handler=list_pauses),
    Route(method="POST", path="/api/pause", right="change", handler=pause),
    Route(method="POST", path="/api/resume", right="change", handler=resume),
    Route(method="POST", path="/api/reload", right="change", handler=reload),
    Route(method="GET", path="/api/notices", right="read", handler=list_notices),
    Route(method="POST", path="/api/notices/forget", right="change", handler=forget_notice),
    Route(method="POST", path="/api/forget", right="change", handler=forget_person),
    Route(method="GET", path="/api/corrections", right="read", handler=list_corrections),
    Route(
        method="POST",
        path="/api/corrections/{number}",
        right="change",
        handler=decide_correction,
    ),
    Route(method="POST", path="/api/stop", right="change", handler=Api.stop),
    Route(method="GET", path="/approve/{token}", right="link", handler=show_page),
    Route(method="HEAD", path="/approve/{token}", right="link", handler=show_page),
    Route(method="POST", path="/approve/{token}", right="link", handler=decide),
    Route(method="GET", path="/approve/{token}/{digest}", right="link", handler=download),
)
