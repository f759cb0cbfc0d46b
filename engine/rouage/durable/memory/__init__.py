"""The engine in memory, for tests: the contract of the one on SQLite, without a disk."""

from rouage.durable.memory.journal import MemoryJournal, memory_engine
from rouage.durable.memory.rows import MemoryRows

__all__ = ["MemoryJournal", "MemoryRows", "memory_engine"]
