"""The triggers `folder.file`, `folder.batch` and `folder.removed`."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from rouage.sdk import JSON, Connector, Emit, Text, parse_size
from rouage_connectors.folder.attend import Habits
from rouage_connectors.folder.batch import Batches
from rouage_connectors.folder.examine import Policy
from rouage_connectors.folder.explain import explain
from rouage_connectors.folder.facts import (
    BATCH_EVENT,
    BATCH_SAMPLE,
    EVENT,
    REMOVED_EVENT,
    REMOVED_SAMPLE,
    SAMPLE,
)
from rouage_connectors.folder.once import Once
from rouage_connectors.folder.overtaken import find_reason
from rouage_connectors.folder.parameters import Arriving, Departing, Gathered, Watched
from rouage_connectors.folder.removal import Removals
from rouage_connectors.folder.single import Singles
from rouage_connectors.folder.taker import Taker
from rouage_connectors.folder.watching import FolderTrigger, Keep

A = TypeVar("A", bound=Arriving)

connector = Connector(
    "folder",
    title=Text("Folders", "Dossiers"),
    about=Text(
        "Files that arrive in a folder, each taken once, when it is complete; and files that "
        "leave it.",
        "Fichiers qui arrivent dans un dossier, chacun pris une fois, quand il est complet ; et "
        "fichiers qui en partent.",
    ),
)


class ArrivalTrigger(FolderTrigger[A]):
    """Take files that are new and complete."""

    def _policy(self) -> Policy:
        is_by_content = self.params.once_per == "content"
        return Policy(
            settle_seconds=self.params.settle,
            hash_max_bytes=sys.maxsize if is_by_content else parse_size(self.params.hash_max),
            allow_empty=self.params.allow_empty,
            trusts_clock=True,
            probes=True,
            checks_end=self.params.whole == "auto",
        )

    def _habits(self) -> Habits:
        return replace(
            super()._habits(),
            skips_existing=self.params.existing == "skip",
            needs_marker=self.params.ready_when == "marker",
        )

    def _warn_seconds(self) -> float:
        return self.params.settle_warn

    def _once(self, items: Mapping[bytes, JSON]) -> Once:
        return Once(self.params.once_per, items)

    @classmethod
    def explain(
        cls, params: A, subject: str, *, workspace: Path, items: Mapping[bytes, JSON]
    ) -> Text | None:
        """Say why the file *subject* made an event, or did not."""
        return explain(params, subject, workspace=workspace, items=items)


@connector.trigger(
    "file",
    title=Text("File arrives", "Un fichier arrive"),
    about=Text(
        "A new or changed file in a folder, once it is complete.",
        "Un fichier nouveau ou modifié dans un dossier, une fois complet.",
    ),
    event=EVENT,
    sample=SAMPLE,
    example={"path": "~/Factures/arrivee", "match": "*.pdf"},
    describe=Text("a file {match} arrives in {path}", "un fichier {match} arrive dans {path}"),
)
class FileTrigger(ArrivalTrigger[Watched]):
    """Emit one event for each version of each file, when nobody writes to it any more."""

    def _make_taker(self, emit: Emit, items: Mapping[bytes, JSON]) -> tuple[Taker, Keep | None]:
        copies = self.params.versions == "all"
        return Singles(self.context, emit, self._once(items), copies_versions=copies), None

    @classmethod
    async def overtaken(cls, data: JSON, key: str) -> Text | None:
        """Say that the file went, or was replaced, before the run of its event began (F-22)."""
        return await find_reason(data, key)


@connector.trigger(
    "batch",
    title=Text("Files arrive together", "Des fichiers arrivent ensemble"),
    about=Text(
        "A burst of files in a folder as one event, once no more of them come.",
        "Une série de fichiers dans un dossier en un seul événement, une fois qu’il n’en vient "
        "plus.",
    ),
    event=BATCH_EVENT,
    sample=BATCH_SAMPLE,
    example={"path": "~/Photos/arrivee", "match": "*.jpg", "quiet": "20s"},
    describe=Text(
        "files {match} arrive together in {path}",
        "des fichiers {match} arrivent ensemble dans {path}",
    ),
)
class BatchTrigger(ArrivalTrigger[Gathered]):
    """Emit one event for a burst of files."""

    def _make_taker(self, emit: Emit, items: Mapping[bytes, JSON]) -> tuple[Taker, Keep | None]:
        batches = Batches(self.context, emit, self._once(items), self.params, self._root)
        return batches, batches.keep


@connector.trigger(
    "removed",
    title=Text("File leaves", "Un fichier part"),
    about=Text(
        "A known file was deleted, moved away or renamed out of the pattern; never because its "
        "drive was unplugged.",
        "Un fichier connu a été supprimé, déplacé ailleurs ou renommé hors du motif ; jamais parce "
        "que son lecteur a été débranché.",
    ),
    event=REMOVED_EVENT,
    sample=REMOVED_SAMPLE,
    example={"path": "~/Partage/contrats", "match": "*.pdf"},
    describe=Text("a file {match} leaves {path}", "un fichier {match} part de {path}"),
)
class RemovedTrigger(FolderTrigger[Departing]):
    """Emit one event for each known file that left."""

    reads_content = False

    def _make_taker(self, emit: Emit, items: Mapping[bytes, JSON]) -> tuple[Taker, Keep | None]:
        del items
        removals = Removals(
            self.context,
            emit,
            settle_seconds=self.params.settle,
            by_recipes=self.params.by_recipes,
        )
        return removals, removals.keep

    def _policy(self) -> Policy:
        return Policy(
            settle_seconds=self.params.settle,
            hash_max_bytes=-1,
            allow_empty=True,
            trusts_clock=True,
            probes=False,
            checks_end=False,
        )

    async def take_existing(self) -> int | None:
        """Return that nothing is to be done: what is there has not left."""
        return None

    @classmethod
    def would_take(cls, params: Departing, path: str) -> bool:
        """Say no: a file that is written makes no event."""
        del params, path
        return False

    @classmethod
    def explain(
        cls, params: Departing, subject: str, *, workspace: Path, items: Mapping[bytes, JSON]
    ) -> Text | None:
        """Say whether the file *subject* is known, and whether it left."""
        return explain(params, subject, workspace=workspace, items=items)
