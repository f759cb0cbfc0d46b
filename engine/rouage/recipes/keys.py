"""Keys and passwords in a recipe where others see them (security S-54, S-57).

Whoever reads the file has what is written in it, and whoever looks at the machine or at a log has
the arguments of programs and the queries of addresses, also when the recipe names a secret.
Only the shapes of well-known keys are looked for, and words beside names such as `password`: a
warning that is wrong half of the time is read by nobody. What is found is never repeated.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rouage.recipes.document import Path
from rouage.recipes.outline import Outline
from rouage.recipes.report import Report

_SHORTEST: Final = 8
"""No pattern below fits a shorter text."""

_TEMPLATE: Final = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
_KEY: Final = re.compile(
    r"\b(?:sk|rk|pk)[-_](?:live|test|proj|ant)[-_][A-Za-z0-9_-]{16,}"
    r"|\bsk-[A-Za-z0-9]{20,}"
    r"|\bwhsec_[A-Za-z0-9+/=]{16,}"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{36}"
    r"|\bgithub_pat_[A-Za-z0-9_]{22,}"
    r"|\bglpat-[A-Za-z0-9_-]{20,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}"
    r"|\bAIza[A-Za-z0-9_-]{35}"
    r"|\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----",
    re.ASCII,
)
_IN_ADDRESS: Final = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{0,100}:[^\s/@\0]{1,200}@")
_LOGIN: Final = re.compile(r"(?:Bearer|Basic|Token)\s+\S{12,}", re.IGNORECASE)
_NAME: Final = re.compile(
    r"(?:.*[_-])?(?:password|passwd|passphrase|secret|token|api[_-]?key|mot_de_passe|"
    r"authorization)",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"(?=\S*\d)(?=\S*[A-Za-z])\S{12,200}", re.ASCII)


_SHOWN: Final = re.compile(r"\$\{\{[^}]*\bsecrets\.")


def check_exposed(outline: Outline, report: Report) -> None:
    """Warn of secrets where everybody sees them, whatever the recipe does to hide them."""
    for use in (*outline.every, *outline.defaults):
        if use.spec is None or not isinstance(use.parameters, Mapping):
            continue
        for name, value in use.parameters.items():
            declared = use.spec.parameters.specs.get(name)
            is_exposed = declared is not None and declared.is_exposed
            for path, text in _texts(value, (*use.parameters_path, name)):
                if _SHOWN.search(text) and (is_exposed or _is_in_query(text)):
                    place = report.positions.value(path)
                    report.add("RG713", place, severity="warning", name=name)


def _is_in_query(text: str) -> bool:
    """Say whether *text* is an address with a secret after its question mark."""
    mark = text.find("?")
    return mark > 0 and text.startswith(("http://", "https://")) and bool(_SHOWN.search(text, mark))


def check_keys(data: Mapping[str, Any], report: Report) -> None:
    """Warn of texts in the recipe *data* that look like keys or passwords."""
    told = {problem.range for problem in report.problems if problem.code == "RG703"}
    for path, text in _texts(data, ()):
        if len(text) < _SHORTEST or not _is_key(str(path[-1]), text):
            continue
        place = report.positions.value(path)
        if place not in told:
            report.add("RG712", place, severity="warning", name=str(path[-1]))


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _texts(item, (*path, name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, (*path, number))


def _is_key(name: str, text: str) -> bool:
    bare = text
    if "${{" in text:
        # Without its expressions it holds no key that it does not hold with them.
        if "://" not in text and not _KEY.search(text):
            return False
        bare = _TEMPLATE.sub("\0", text)
    if _KEY.search(bare) or ("://" in bare and _IN_ADDRESS.search(bare)):
        return True
    if bare is not text or _NAME.fullmatch(name) is None:
        return False
    return bool(_WORD.fullmatch(bare) or _LOGIN.fullmatch(bare))
