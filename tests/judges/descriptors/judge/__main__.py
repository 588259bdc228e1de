"""`python -m judge FILE…` judges recorded calls, a file an emulator.

Exit code 0 when nothing is wrong, 1 with a line for each complaint, 2 when the
files or arguments themselves can't be used.

`python -m judge --stream` is for tests that send bad requests on purpose, whose
refusals it believes. It reads a list of records a line, answers each with a line
that is the list of complaints, and ends with its input. A line that is a good
request, `{"method", "path", "body"}`, is answered with the list of `{"rule",
"body"}` that break one of its limits each.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from . import catalogue, coverage, record, violations
from .call import Judge
from .form import Json


def main() -> int:
    """Reads, judges and prints."""
    arguments = _arguments()
    known = catalogue.load()
    if arguments.stream:
        return stream(known)
    found: Counter[str] = Counter()
    first: dict[str, str] = {}
    answered: set[str] = set()
    calls = 0
    for path in arguments.files:
        judge = Judge(known)
        for one in record.read(path):
            calls += 1
            for complaint in judge.complaints(one):
                found[complaint] += 1
                first.setdefault(complaint, f"{path}: call {one.sequence}, {one.verb} {one.path}")
        answered |= judge.answered
    lines = [f"{first[text]}: {text}{_times(found[text])}" for text in found]
    if arguments.workspace is not None:
        lines += coverage.complaints(arguments.workspace, answered, known)
    for line in lines:
        print(line)
    if not calls:
        print("no recorded calls were given: there is nothing to judge", file=sys.stderr)
        return 2
    print(f"{calls} calls, {len(answered)} methods, {len(lines)} complaints", file=sys.stderr)
    return 1 if lines else 0


def stream(known: catalogue.Catalogue) -> int:
    """Answers line by line."""
    for line in sys.stdin:
        asked = json.loads(line)
        if isinstance(asked, list):
            answer = _complaints(known, asked)
        else:
            answer = violations.of_call(known, asked["method"], asked["path"], asked["body"])
        print(json.dumps(answer), flush=True)
    return 0


def _complaints(known: catalogue.Catalogue, records: list[Json]) -> list[Json]:
    judge = Judge(known, trusts_refusals=True)
    complaints = []
    for one in map(record.of_json, records):
        complaints += [f"{one.verb} {one.path}: {text}" for text in judge.complaints(one)]
    return complaints


def _times(count: int) -> str:
    return f" (and {count - 1} more like it)" if count > 1 else ""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="judge", description=__doc__)
    parser.add_argument("--stream", action="store_true", help="judge standard input, line by line")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument(
        "--workspace",
        type=Path,
        metavar="FOLDER",
        help="root of the sources: every method that the operator uses must have been answered",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
