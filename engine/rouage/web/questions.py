"""How a question to people stands: what is asked, what was answered, what came of it."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any, Final

from rouage.durable.port import Reader
from rouage.language import Language
from rouage.model.run import RunRecord, SignalRecord, StepRecord, WaitKind, WaitRecord
from rouage.records import dataclass
from rouage.sdk.json import JSON
from rouage.web.runs import closing_of, instant, spoken

APPROVALS: Final[frozenset[WaitKind]] = frozenset({"approval"})
MOST_QUESTIONS: Final = 1_000
DEADLINE: Final = "deadline"
"""The id of what stands for an answer when the time was over first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """One question: `wait` while it is open, `answers` so far, `step` once something came of it."""

    run: RunRecord
    path: str
    wait: WaitRecord | None = None
    answers: tuple[SignalRecord, ...] = ()
    step: StepRecord | None = None

    @property
    def question(self) -> Mapping[str, Any]:
        """Return what is asked and shown; empty once it is over."""
        asked = None if self.wait is None else self.wait.question
        return asked if isinstance(asked, Mapping) else {}

    @property
    def digest(self) -> str:
        """Return the digest of what is shown."""
        return str(self.question.get("digest", ""))

    def answer_of(self, person: str) -> SignalRecord | None:
        """Return what *person* answered, or None."""
        return next((one for one in self.answers if one.author == person), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownFile:
    """A file that a question shows, as it was when it was asked."""

    path: str
    sha256: str
    size: int

    @property
    def name(self) -> str:
        """Return the name without its folders."""
        return self.path.rpartition("/")[2]


async def standing_of(reader: Reader, run_id: str, path: str) -> Standing | None:
    """Return how the question at *path* of the run stands; None without such a run."""
    run = await reader.get_run(run_id)
    if run is None:
        return None
    waits = await reader.list_waits(kinds=APPROVALS, run_id=run_id)
    wait = next((one for one in waits if one.run == run_id and one.path == path), None)
    signals = await reader.list_signals(run_id)
    return Standing(
        run=run,
        path=path,
        wait=wait,
        answers=tuple(one for one in signals if one.name == path and is_answer(one)),
        step=next((step for step in run.steps if step.path == path), None),
    )


def is_answer(signal: SignalRecord) -> bool:
    """Say whether a signal is an answer of a person to a question."""
    return isinstance(signal.payload, Mapping) and "choice" in signal.payload


def is_over(standing: Standing) -> bool:
    """Say whether the question has its outcome."""
    step = standing.step
    return standing.wait is None or (step is not None and step.state in {"done", "failed"})


def shown_files(question: Mapping[str, Any]) -> tuple[ShownFile, ...]:
    """Return the files that *question* shows."""
    return tuple(
        ShownFile(
            path=item["path"],
            sha256=str(item.get("sha256", "")),
            size=int(item.get("size") or 0),
        )
        for item in question.get("show") or ()
        if isinstance(item, Mapping) and isinstance(item.get("path"), str)
    )


def table_rows(table: Any) -> list[list[Any]]:
    """Return a table that is shown as rows: of lists, of objects (with a head), or of pairs."""
    if isinstance(table, Mapping):
        return [[name, value] for name, value in table.items()]
    rows = table if isinstance(table, list) else [table]
    if rows and all(isinstance(row, Mapping) for row in rows):
        heads = list(dict.fromkeys(name for row in rows for name in row))
        return [heads, *([row.get(name) for name in heads] for row in rows)]
    return [row if isinstance(row, list) else [row] for row in rows]


def fields_of(question: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields that a person may fill, by name."""
    fields = question.get("fields")
    return fields if isinstance(fields, Mapping) else {}


def question_as_json(wait: WaitRecord, language: Language) -> dict[str, JSON]:
    """Return a waiting question as one entry of a list."""
    question = wait.question if isinstance(wait.question, Mapping) else {}
    return {
        "run": wait.run,
        "recipe": wait.recipe,
        "path": wait.path,
        "ask": spoken(question.get("ask"), language),
        "show": question.get("show") or [],
        "fields": dict(fields_of(question)),
        "from": question.get("from") or [],
        "then": question.get("then") or [],
        "need": question.get("need", 1),
        "digest": question.get("digest"),
        "asked": instant(wait.created),
        "deadline": instant(closing_of(wait)),
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One recorded answer in plain words: who, when, what."""

    author: str
    received: datetime
    choice: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None

    def as_json(self) -> dict[str, JSON]:
        """Return it as JSON data."""
        return {
            "choice": self.choice,
            "by": self.author,
            "at": instant(self.received),
            "fields": dict(self.fields),
            "reason": self.reason,
        }


def read_answer(signal: SignalRecord) -> Answer:
    """Return the answer that *signal* carries."""
    payload = signal.payload if isinstance(signal.payload, Mapping) else {}
    fields, reason = payload.get("fields"), payload.get("reason")
    return Answer(
        author=signal.author,
        received=signal.received,
        choice=str(payload.get("choice", "")),
        fields=fields if isinstance(fields, Mapping) else {},
        reason=reason if isinstance(reason, str) and reason else None,
    )
