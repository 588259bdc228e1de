"""`python -m judge FILE…` judges recorded calls, a file an emulator.

Exit code 0 when nothing is wrong, 1 with a line for each complaint, 2 when the
files or arguments themselves can't be used.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

from . import catalogue, coverage, record
from .call import Judge


def main() -> int:
    """Reads, judges and prints."""
    arguments = _arguments()
    known = catalogue.load()
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


def _times(count: int) -> str:
    return f" (and {count - 1} more like it)" if count > 1 else ""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="judge", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument(
        "--workspace",
        type=Path,
        metavar="FOLDER",
        help="root of the sources: every method that the operator uses must have been answered",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
