"""The connector `calendar`, and what an entry looks like in events and results."""

from typing import Final

from rouage.sdk import JSON, Connector, Text

connector = Connector(
    "calendar",
    title=Text("Calendars", "Agendas"),
    about=Text(
        "Appointments and deadlines of an ICS calendar, in a file or at an address.",
        "Rendez-vous et échéances d’un agenda ICS, dans un fichier ou à une adresse.",
    ),
)

_TEXT: Final[dict[str, JSON]] = {"type": "string"}
_MOMENT: Final[dict[str, JSON]] = {"type": "string", "format": "date-time"}

ENTRY: Final[dict[str, JSON]] = {
    "type": "object",
    "properties": {
        "uid": _TEXT,
        "recurrence": {"type": "string", "description": "Which one of a series; else empty"},
        "summary": _TEXT,
        "description": _TEXT,
        "location": _TEXT,
        "url": _TEXT,
        "start": _MOMENT,
        "end": _MOMENT,
        "all_day": {"type": "boolean"},
        "status": {"enum": ["confirmed", "tentative", "cancelled"]},
        "categories": {"type": "array", "items": _TEXT},
        "organizer": _TEXT,
        "attendees": {"type": "array", "items": _TEXT},
        "version": {"type": "string", "description": "Changes with what the entry says"},
    },
    "required": [
        *("uid", "recurrence", "summary", "description", "location", "url", "start", "end"),
        *("all_day", "status", "categories", "organizer", "attendees", "version"),
    ],
}
SAMPLE_ENTRY: Final[dict[str, JSON]] = {
    "uid": "5f1c@example.org",
    "recurrence": "",
    "summary": "Séance photo famille Martin",
    "description": "Au studio",
    "location": "12 rue des Lilas, Lyon",
    "url": "",
    "start": "2026-03-02T09:00:00+01:00",
    "end": "2026-03-02T10:30:00+01:00",
    "all_day": False,
    "status": "confirmed",
    "categories": [],
    "organizer": "",
    "attendees": ["claire@example.org"],
    "version": "8d2f60c1a7b94e35",
}
