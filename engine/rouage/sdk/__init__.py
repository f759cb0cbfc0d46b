"""All that a connector author imports; the only stable API of Rouage."""

from rouage.errors import (
    JournalError,
    OutcomeUnknown,
    Overloaded,
    RetryableError,
    StepError,
    StepTimeout,
)
from rouage.language import Text
from rouage.safety.paths import Folders
from rouage.sdk.chain import Chain, ChainEvent, RunNews
from rouage.sdk.connector import ActionSpec, Connector, Effect, Idempotent, TriggerSpec, Undo
from rouage.sdk.context import Context
from rouage.sdk.json import JSON
from rouage.sdk.limits import Limits
from rouage.sdk.params import NoParams, Parameters, param, params
from rouage.sdk.quantities import SIZE_PATTERN, Duration, parse_duration, parse_size
from rouage.sdk.trigger import (
    Emit,
    Health,
    HookReply,
    HookRequest,
    Hooks,
    Items,
    Notation,
    Receipt,
    Trigger,
    TriggerContext,
)

__all__ = [
    "JSON",
    "SIZE_PATTERN",
    "ActionSpec",
    "Chain",
    "ChainEvent",
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
    "Limits",
    "NoParams",
    "Notation",
    "OutcomeUnknown",
    "Overloaded",
    "Parameters",
    "Receipt",
    "RetryableError",
    "RunNews",
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
