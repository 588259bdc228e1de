"""The list of what the operator calls, against sources made up for it."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from judge import coverage, record
from judge.__main__ import main, stream
from judge.catalogue import Catalogue

SERVICES = """
    pub fn databases(&self) -> Databases<'_> {
    pub fn functions(&self) -> Functions<'_> {
"""


def test_uses_are_read_over_lines() -> None:
    operator = "self.client\n.databases()\n    .list(folder)\nclient.functions().get(id)"
    assert coverage.uses(operator, SERVICES) == ({"databases.list", "functions.get"}, [])


def test_methods_of_the_same_name_are_none() -> None:
    assert coverage.uses("cloud.databases(folder); self.functions", SERVICES) == (set(), [])


@pytest.mark.parametrize(
    "operator", ["let all = client.databases();", "yandex::Client::databases(&client).list(folder)"]
)
def test_a_use_that_cannot_be_read(operator: str) -> None:
    used, (complaint,) = coverage.uses(operator, SERVICES)
    assert used == set()
    assert "uses databases otherwise" in complaint


def test_services_must_be_found() -> None:
    _, (complaint,) = coverage.uses("client.databases().list(folder)", "")
    assert "no service of the client" in complaint


def sources(folder: Path, operator: str) -> Path:
    """A workspace with these two."""
    for name, text in {"operator/src": operator, "yandex/src/service": SERVICES}.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "all.rs").write_text(text, encoding="utf-8")
    return folder


def test_unseen_unknown_and_idle_methods(
    tmp_path: Path, known: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed, got = coverage.METHODS["databases.list"], coverage.METHODS["databases.get"]
    rows = {"databases.list": listed, "databases.get": got, "databases.start": got + "No"}
    monkeypatch.setattr(coverage, "METHODS", rows)
    root = sources(tmp_path, "c.databases().list(); c.databases().start(); c.functions().get()")

    implied = {*coverage.ALWAYS, *coverage.HANDLER}

    complaints = coverage.complaints(root, {listed, *implied}, known)

    assert complaints == [
        "the operator calls functions.get, which judge/coverage.py doesn't know",
        "judge/coverage.py has databases.get, which the operator doesn't call",
        f"judge/coverage.py: the API has no method {got}No",
    ]
    complaints = coverage.complaints(root, {listed}, known)
    assert sum("was never answered well" in text for text in complaints) == len(implied)
    complaints = coverage.complaints(root, implied, known)
    assert f"{listed} was never answered well, and databases.list uses it" in complaints


def line(sequence: int, **change: Any) -> str:
    """A line of a file of records."""
    fields = {"method": "GET", "path": "/endpoints", "query": None, "grpc": False}
    fields |= {"status": None, "requestBody": None, "responseBody": None, "subject": None}
    return json.dumps(fields | {"sequence": sequence} | change)


def test_records_are_whole_from_the_first(tmp_path: Path) -> None:
    file = tmp_path / "requests.jsonl"
    file.write_text(line(1) + "\n" + line(2) + "\n", encoding="utf-8")
    assert [one.sequence for one in record.read(file)] == [1, 2]
    file.write_text(line(3) + "\n", encoding="utf-8")
    with pytest.raises(record.Unusable, match="the first 2 calls were dropped"):
        record.read(file)
    file.write_text('{"sequence": 1}\n', encoding="utf-8")
    with pytest.raises(record.Unusable, match="no records as"):
        record.read(file)


def test_files_are_judged_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl"
    good.write_text(line(1, status=200, responseBody={}) + "\n", encoding="utf-8")
    twice = [line(number, query="page=1", status=200, responseBody={}) for number in (1, 2)]
    bad.write_text("\n".join(twice) + "\n", encoding="utf-8")

    def run(*files: Path) -> int:
        monkeypatch.setattr("sys.argv", ["judge", *map(str, files)])
        return main()

    assert run(good) == 0
    assert "1 calls, 1 methods, 0 complaints" in capsys.readouterr().err
    assert run(good, bad) == 1
    complaint = capsys.readouterr().out
    assert complaint.startswith(f"{bad}: call 1, GET /endpoints: query.page: ")
    assert complaint.endswith(" (and 1 more like it)\n")
    assert run(tmp_path / "none.jsonl") == 2
    assert run() == 2


def test_a_stream_is_answered_line_by_line(
    known: Catalogue, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refusal = {"code": 3, "message": "page_size: too much"}
    refused = line(1, query="page=-1", status=400, responseBody=refusal)
    elsewhere = line(2, path="/nowhere", status=404, responseBody={"code": 3, "message": "no"})
    accepted = line(3, query="page=1", status=200, responseBody={})
    text = f"[{refused}]\n[{elsewhere}, {accepted}]\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(text))

    assert stream(known) == 0

    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == []
    assert second[0] == "GET /nowhere: error.code: 3 under the HTTP status 404"
    assert second[1].startswith("GET /endpoints: query.page: ")


def test_the_methods_below_a_path_are_told(
    known: Catalogue, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"below": ["/endpoints"]}\n'))

    assert stream(known) == 0

    told = json.loads(capsys.readouterr().out)
    assert {one["method"]: (one["verb"], one["path"]) for one in told} == {
        "Get": ("GET", "/endpoints/{api_endpoint_id}"),
        "List": ("GET", "/endpoints"),
    }
    assert {one["service"] for one in told} == {"yandex.cloud.endpoint.ApiEndpointService"}
