"""All that a connector author imports; the only stable API of Rouage."""

from rouage.errors import JournalError, Overloaded, RetryableError, StepError, StepTimeout
from rouage.language import Text
from rouage.safety.paths import Folders
from rouage.sdk.connector import ActionSpec, Connector, Effect, Idempotent, TriggerSpec, Undo
from rouage.sdk.context import Context
from rouage.sdk.json import JSON
from rouage.sdk.params import NoParams, Parameters, param, params
from rouage.sdk.quantities import SIZE_PATTERN, Duration, parse_duration, parse_size
from rouage.sdk.trigger import (
    Emit,
    Health,
    HookReply,
    HookRequest,
    Hooks,
    Items,
    Receipt,
    Trigger,
    TriggerContext,
)

__all__ = [
    "JSON",
    "SIZE_PATTERN",
    "ActionSpec",
    "Connector",
    "Context",
    "Duration",
    "Effect",
    "Emit",
    "Folders",
    "Health",
    "HookReply",
    "HookRequest",
    "Hooks",
    "Idempotent",
    "Items",
    "JournalError",
    "NoParams",
    "Overloaded",
    "Parameters",
    "Receipt",
    "RetryableError",
    "StepError",
    "StepTimeout",
    "Text",
    "Trigger",
    "TriggerContext",
    "TriggerSpec",
    "Undo",
    "param",
    "params",
    "parse_duration",
    "parse_size",
]
