"""What the analysis found, in the words of the protocol."""

from collections.abc import Iterator
from typing import Final

from lsprotocol import types

from rouage.analysis.editing.candidate import Candidate, CandidateKind, Knowledge
from rouage.analysis.editing.completion import complete
from rouage.analysis.editing.hover import explain_at
from rouage.analysis.fixing import is_fixable
from rouage.analysis.formatting import format_recipe
from rouage.analysis.render import message_of, remedy_of, why_of
from rouage.language import Language, Text
from rouage.lsp.document import Document
from rouage.problem import Problem
from rouage.recipes.document import split_lines

_KINDS: Final[dict[CandidateKind, types.CompletionItemKind]] = {
    "action": types.CompletionItemKind.Function,
    "trigger": types.CompletionItemKind.Event,
    "block": types.CompletionItemKind.Keyword,
    "key": types.CompletionItemKind.Property,
    "parameter": types.CompletionItemKind.Field,
    "value": types.CompletionItemKind.Value,
    "root": types.CompletionItemKind.Variable,
    "field": types.CompletionItemKind.Field,
    "filter": types.CompletionItemKind.Method,
    "function": types.CompletionItemKind.Function,
    "operator": types.CompletionItemKind.Operator,
    "secret": types.CompletionItemKind.Constant,
    "recipe": types.CompletionItemKind.Reference,
}
_SEVERITIES: Final = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
}
_CORRECT: Final = Text("Correct it", "Corriger")
_CORRECT_ALL: Final = Text(
    "Correct all that can be corrected safely", "Corriger tout ce qui peut l’être sans risque"
)
_SEE: Final = Text("see here", "voir ici")
_REMEDY: Final = Text("Remedy", "Remède")
FIX_ALL: Final = "source.fixAll"


def diagnostics(document: Document, uri: str, language: Language) -> list[types.Diagnostic]:
    """Return the problems of *document*, as `rouage check` gives them."""
    return [_diagnostic(document, uri, one, language) for one in document.problems]


def _diagnostic(
    document: Document, uri: str, problem: Problem, language: Language
) -> types.Diagnostic:
    lines = document.lines
    related = [
        types.DiagnosticRelatedInformation(
            location=types.Location(uri=uri, range=lines.range(place)),
            message=_SEE.render(language),
        )
        for place in problem.related
    ]
    why, remedy = why_of(problem, language), remedy_of(problem, language)
    return types.Diagnostic(
        range=lines.range(problem.range),
        message=message_of(problem, language),
        severity=_SEVERITIES[problem.severity],
        code=problem.code,
        source="rouage",
        related_information=related or None,
        data={"why": why, "fix": remedy},
    )


def completion(
    document: Document, position: types.Position, known: Knowledge, *, has_snippets: bool
) -> list[types.CompletionItem]:
    """Return what can be written at *position*."""
    if not document.is_readable:
        return []
    lines = document.lines
    column = lines.to_column(position.line, position.character)
    found = complete(document.sketch, position.line, column, known)
    return [
        _item(document, position.line, number, one, has_snippets=has_snippets)
        for number, one in enumerate(found)
    ]


def _item(
    document: Document, line: int, number: int, one: Candidate, *, has_snippets: bool
) -> types.CompletionItem:
    is_snippet = one.is_snippet and has_snippets
    lines = document.lines
    place = types.Range(start=lines.position(line, one.start), end=lines.position(line, one.end))
    return types.CompletionItem(
        label=one.label,
        kind=_KINDS[one.kind],
        detail=one.detail or None,
        documentation=_page(one.about) if one.about else None,
        sort_text=f"{number:04d}",
        filter_text=one.label,
        insert_text_format=types.InsertTextFormat.Snippet
        if is_snippet
        else types.InsertTextFormat.PlainText,
        insert_text_mode=types.InsertTextMode.AdjustIndentation,
        text_edit=types.TextEdit(range=place, new_text=one.text if is_snippet else one.plain),
    )


def _page(text: str) -> types.MarkupContent:
    return types.MarkupContent(kind=types.MarkupKind.Markdown, value=text)


def hover(document: Document, position: types.Position, known: Knowledge) -> types.Hover | None:
    """Return what the word at *position* means, and what is wrong with it."""
    if not document.is_readable:
        return None
    lines = document.lines
    column = lines.to_column(position.line, position.character)
    notes = list(_notes(document, position.line, column, known.language))
    found = explain_at(document.sketch, position.line, column, known)
    if found is None and not notes:
        return None
    parts = [*notes, *([] if found is None else [found.text])]
    place = None
    if found is not None:
        start = lines.position(position.line, found.start)
        place = types.Range(start=start, end=lines.position(position.line, found.end))
    return types.Hover(contents=_page("\n\n---\n\n".join(parts)), range=place)


def _notes(document: Document, line: int, column: int, language: Language) -> Iterator[str]:
    """Yield why each problem at the cursor is one, and the way out; editors show the rest."""
    for problem in document.problems:
        start, end = problem.range.start, problem.range.end
        here = (line + 1, column + 1)
        if not (start.line, start.column) <= here <= (end.line, end.column):
            continue
        why, remedy = why_of(problem, language), remedy_of(problem, language)
        colon = " :" if language == "fr" else ":"
        told = [why] if why else []
        told += [f"{_REMEDY.render(language)}{colon} {remedy}"] if remedy else []
        if told:
            yield f"**{problem.code}**  " + "\n\n".join(told)


def code_actions(
    document: Document,
    uri: str,
    wanted: types.Range,
    only: list[str] | None,
    language: Language,
) -> list[types.CodeAction]:
    """Return the corrections of the problems within *wanted*."""
    actions: list[types.CodeAction] = []
    if _admits(only, types.CodeActionKind.QuickFix):
        actions += [
            _quick_fix(document, uri, problem, language)
            for problem in document.problems
            if problem.edits and _touches(document.lines.range(problem.range), wanted)
        ]
    if only is not None and _admits(only, FIX_ALL) and document.corrected.fixed:
        edits = _changes(document, document.corrected.source)
        actions.append(
            types.CodeAction(
                title=_CORRECT_ALL.render(language),
                kind=FIX_ALL,
                edit=types.WorkspaceEdit(changes={uri: edits}),
            )
        )
    return actions


def _admits(only: list[str] | None, kind: str) -> bool:
    return only is None or any(kind == one or kind.startswith(one + ".") for one in only)


def _touches(one: types.Range, other: types.Range) -> bool:
    def at(place: types.Position) -> tuple[int, int]:
        return place.line, place.character

    return at(one.start) <= at(other.end) and at(other.start) <= at(one.end)


def _quick_fix(
    document: Document, uri: str, problem: Problem, language: Language
) -> types.CodeAction:
    remedy = remedy_of(problem, language) or _CORRECT.render(language)
    edits = [
        types.TextEdit(
            range=document.lines.range(edit.range),
            new_text=edit.text.replace("\n", document.newline),
        )
        for edit in problem.edits
    ]
    return types.CodeAction(
        title=remedy[:1].upper() + remedy[1:],
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[_diagnostic(document, uri, problem, language)],
        is_preferred=is_fixable(problem),
        edit=types.WorkspaceEdit(changes={uri: edits}),
    )


def formatting(document: Document) -> list[types.TextEdit]:
    """Return the edits that lay *document* out evenly, as `rouage fmt` does."""
    if not document.is_readable:
        return []
    return _changes(document, format_recipe(document.source).source)


def _changes(document: Document, after: bytes) -> list[types.TextEdit]:
    """Return one edit that makes *document* what *after* says; lines in common stay as they are."""
    text = after.decode("utf-8", "surrogatepass")
    if text == document.text:
        return []
    old, new = document.lines.lines, split_lines(text)
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    tail = 0
    while tail < min(len(old), len(new)) - same and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    start = types.Position(line=same, character=0)
    lines = new[same : len(new) - tail]
    if tail:
        end = types.Position(line=len(old) - tail, character=0)
        written = "".join(line + document.newline for line in lines)
    else:
        end = document.lines.position(len(old) - 1, len(old[-1]))
        written = document.newline.join(lines)
        if same == len(new) and same > 0:
            # Only lines at the end go: what ends the last one that stays goes with them.
            start = document.lines.position(same - 1, len(old[same - 1]))
        elif same == len(old):
            start = end
            written = document.newline + written
    return [types.TextEdit(range=types.Range(start=start, end=end), new_text=written)]
