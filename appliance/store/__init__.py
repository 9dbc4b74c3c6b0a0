"""The box's memory on disk: one SQLite file, written by the core, drained by the cloud process.

Each round of the recorder is one transaction, and the write-ahead log goes to the disk with it,
at most three times a second: a power cut loses less than the last second, and never corrupts what was there
(docs/decisions/0021-what-a-power-cut-may-take.md). The telemetry outbox keeps a record until the
cloud has confirmed it, or until it is the oldest of too many.
"""

from appliance.store.database import FILE_NAME, set_aside_files
from appliance.store.durable import Durable, MemoryLostError
from appliance.store.history import ErrorRecord, History, LimitDay
from appliance.store.occurrences import key_of
from appliance.store.outbox import Outbox, OutboxRecord
from appliance.store.writing import Store

__all__ = [
    "FILE_NAME",
    "Durable",
    "ErrorRecord",
    "History",
    "LimitDay",
    "MemoryLostError",
    "Outbox",
    "OutboxRecord",
    "Store",
    "key_of",
    "set_aside_files",
]
