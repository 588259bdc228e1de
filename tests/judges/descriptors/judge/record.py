"""Recorded calls, as `/_emulator/requests` lists them, one JSON object a line."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .form import Json


@dataclass(frozen=True)
class Record:
    """A call and its answer."""

    sequence: int
    verb: str
    path: str
    query: str | None
    grpc: bool
    status: int | None
    """HTTP status; none when the call was cut off or still ran."""
    request: Json
    """`None` for no body."""
    reply: Json

    @property
    def is_good(self) -> bool:
        """Whether it was answered well."""
        return self.status is not None and 200 <= self.status < 300


def of_json(fields: dict[str, Any]) -> Record:
    """A record from its JSON object."""
    return Record(
        sequence=fields["sequence"],
        verb=fields["method"],
        path=fields["path"],
        query=fields["query"],
        grpc=fields["grpc"],
        status=fields["status"],
        request=fields["requestBody"],
        reply=fields["responseBody"],
    )


class Unusable(Exception):
    """A file of records that can't be judged, and why."""


def read(path: Path) -> list[Record]:
    """The calls of a file. None may be missing at its start, where the emulator
    drops the oldest when there are too many."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
        records = [of_json(json.loads(line)) for line in lines if line]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unusable(f"{path}: no records as /_emulator/requests has them: {error!r}") from error
    if records and records[0].sequence != 1:
        raise Unusable(
            f"{path}: the first {records[0].sequence - 1} calls were dropped; "
            "raise how many the emulator keeps"
        )
    return records
