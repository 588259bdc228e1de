"""`python -m judge FILE…` judges recorded calls, a file an emulator.

Exit code 0 when nothing is wrong, 1 with a line for each complaint, 2 when the
files or arguments themselves can't be used.

`python -m judge --stream` is for tests that send bad requests on purpose, whose
refusals it believes. It reads a list of records a line, answers each with a line
that is the list of complaints, and ends with its input. A line that is a good
request, `{"method", "path", "body"}`, is answered with the list of `{"rule",
"body"}` that are wrong in one thing each, and `{"below"}`, a list of paths, with
the list of `{"service", "method", "verb", "path"}` of all methods below them.
"""

import argparse
import json
import sys
from collections import Counter
from dataclasses import dataclass, field
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
    try:
        verdict = judged(known, arguments.files)
    except record.Unusable as unusable:
        print(unusable, file=sys.stderr)
        return 2
    lines = verdict.lines()
    if arguments.workspace is not None:
        lines += coverage.complaints(arguments.workspace, verdict.answered, known)
    for line in lines:
        print(line)
    if not verdict.calls:
        print("no recorded calls were given: there is nothing to judge", file=sys.stderr)
        return 2
    methods = len(verdict.answered)
    print(f"{verdict.calls} calls, {methods} methods, {len(lines)} complaints", file=sys.stderr)
    return 1 if lines else 0


@dataclass
class Verdict:
    """What was found in all files."""

    calls: int = 0
    answered: set[str] = field(default_factory=set)
    """Names of methods that were called and answered well."""
    found: Counter[str] = field(default_factory=Counter)
    """How often a complaint was made."""
    first: dict[str, str] = field(default_factory=dict)
    """The call that it was first made about."""

    def lines(self) -> list[str]:
        """A line for each different complaint."""
        return [f"{self.first[text]}: {text}{_times(self.found[text])}" for text in self.found]


def judged(known: catalogue.Catalogue, files: list[Path]) -> Verdict:
    """Judges the calls of all files, each an emulator of its own."""
    verdict = Verdict()
    for path in files:
        judge = Judge(known)
        for one in record.read(path):
            verdict.calls += 1
            call = f"{path}: call {one.sequence}, {one.verb} {one.path}"
            for complaint in judge.complaints(one):
                verdict.found[complaint] += 1
                verdict.first.setdefault(complaint, call)
        verdict.answered |= judge.answered
    return verdict


def stream(known: catalogue.Catalogue) -> int:
    """Answers line by line."""
    for line in sys.stdin:
        asked = json.loads(line)
        if isinstance(asked, list):
            answer = _complaints(known, asked)
        elif "below" in asked:
            answer = _methods(known, tuple(asked["below"]))
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


def _methods(known: catalogue.Catalogue, below: tuple[str, ...]) -> list[Json]:
    found = [method for method in known.methods if method.template.startswith(below)]
    return [
        {
            "service": method.name.rpartition(".")[0],
            "method": method.name.rpartition(".")[2],
            "verb": method.verb,
            "path": method.template,
        }
        for method in found
    ]


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
