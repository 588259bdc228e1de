"""What the descriptors say nothing about, each with the reason why that is so.

Everything else that is recorded must be a method of some service.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Outside:
    """Paths that are no methods of the API."""

    paths: re.Pattern[str]
    reason: str


OUTSIDE = (
    Outside(
        re.compile(r"/invoke/[^/]+"),
        "a function's httpInvokeUrl: its body belongs to the function",
    ),
    Outside(
        re.compile(r"/computeMetadata/v1/.*"),
        "the metadata service of an instance: Google's protocol, on a listener of its own",
    ),
    Outside(
        re.compile(r"/oauth/token"),
        "exchange of a workload's token: OAuth's form, on another host",
    ),
    Outside(
        re.compile(r"/_emulator/.*"),
        "the emulator's own pages, which no cloud has",
    ),
)
"""Gateways aren't here: each has a listener of its own, and isn't recorded."""


def reason(path: str) -> str | None:
    """Why a path can't be judged; `None` when it must be."""
    for outside in OUTSIDE:
        if outside.paths.fullmatch(path):
            return outside.reason
    return None
