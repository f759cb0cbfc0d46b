"""All that a connector author imports; the only stable API of Rouage."""

from rouage.errors import (
    EffectInDoubt,
    JournalError,
    OutcomeUnknown,
    Overloaded,
    RetryableError,
    StepError,
    StepTimeout,
)
from rouage.language import Text
from rouage.safety.paths import Folders
from rouage.sdk.accounts import Accounts, Finding, NoAccounts
from rouage.sdk.business import Business
from rouage.sdk.chain import Chain, ChainEvent, RunNews
from rouage.sdk.channel import Channel, Enclosure, Letter, Said, Take
from rouage.sdk.connector import ActionSpec, Connector, Effect, Idempotent, TriggerSpec, Undo
from rouage.sdk.context import Context
from rouage.sdk.forms import FORM_TYPES, FormField, FormPage, Submission, Upload
from rouage.sdk.json import JSON
from rouage.sdk.limits import Limits
from rouage.sdk.multipart import Body, MultipartError, read_multipart
from rouage.sdk.outcomes import Outcome
from rouage.sdk.params import NoParams, Parameters, param, params
from rouage.sdk.quantities import SIZE_PATTERN, Duration, parse_duration, parse_size
from rouage.sdk.received import Received, ReceivedFile, keep_file, sync_folders
from rouage.sdk.trigger import (
    Emit,
    Health,
    HookReply,
    HookRequest,
    Hooks,
    Items,
    Notation,
    Reading,
    Receipt,
    Trigger,
    TriggerContext,
)

__all__ = [
    "FORM_TYPES",
    "JSON",
    "SIZE_PATTERN",
    "Accounts",
    "ActionSpec",
    "Body",
    "Business",
    "Chain",
    "ChainEvent",
    "Channel",
    "Connector",
    "Context",
    "Duration",
    "Effect",
    "EffectInDoubt",
    "Emit",
    "Enclosure",
    "Finding",
    "Folders",
    "FormField",
    "FormPage",
    "Health",
    "HookReply",
    "HookRequest",
    "Hooks",
    "Idempotent",
    "Items",
    "JournalError",
    "Letter",
    "Limits",
    "MultipartError",
    "NoAccounts",
    "NoParams",
    "Notation",
    "Outcome",
    "OutcomeUnknown",
    "Overloaded",
    "Parameters",
    "Reading",
    "Receipt",
    "Received",
    "ReceivedFile",
    "RetryableError",
    "RunNews",
    "Said",
    "StepError",
    "StepTimeout",
    "Submission",
    "Take",
    "Text",
    "Trigger",
    "TriggerContext",
    "TriggerSpec",
    "Undo",
    "Upload",
    "keep_file",
    "param",
    "params",
    "parse_duration",
    "parse_size",
    "read_multipart",
    "sync_folders",
]
