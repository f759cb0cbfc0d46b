"""What expressions see of a failure."""

from rouage.language import Language
from rouage.sdk.json import JSON


def error_facts(error: JSON, *, step: str, attempts: int, language: Language) -> dict[str, JSON]:
    """Return `error` as the expressions of an `on_error` see it.

    `step` is the step inside which the failure began, where the record tells it.
    """
    record = error if isinstance(error, dict) else {}
    message = record.get("message")
    return {
        "step": record.get("step", step),
        "kind": record.get("kind", "StepError"),
        "message": message.get(language) if isinstance(message, dict) else message,
        "attempts": attempts,
    }
