"""Packages that only some installations have: loaded at first use, or explained."""

from importlib import import_module
from typing import Any, Final

from rouage.errors import StepError
from rouage.language import Text

_MISSING: Final = Text(
    "this needs the package {package}, which is not installed",
    "ceci a besoin du paquet {package}, qui n’est pas installé",
)
_HINT: Final = Text(
    "run `pip install 'rouage[{extra}]'`, then start Rouage again",
    "lancez « pip install 'rouage[{extra}]' », puis relancez Rouage",
)


def require(module: str, extra: str) -> Any:
    """Return the module *module*, which the extra *extra* of Rouage brings.

    Raises:
        StepError: it is not installed; the hint is the command that installs it.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        if (error.name or "").partition(".")[0] != package:
            raise  # it is there, and broken: its own words say more
        raise StepError(_MISSING, hint=_HINT, package=package, extra=extra) from error
