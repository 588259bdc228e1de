"""The table service, as older programs use it."""

import asyncio
import datetime

import pytest
import ydb

from conftest import PATIENCE, driver_settings


def utf8(nullable=True):
    return ydb.OptionalType(ydb.PrimitiveType.Utf8) if nullable else ydb.PrimitiveType.Utf8


def description():
    return (
        ydb.TableDescription()
        .with_column(ydb.Column("id", ydb.PrimitiveType.Uint64))
        .with_column(ydb.Column("name", utf8()))
        .with_column(ydb.Column("seen", ydb.OptionalType(ydb.PrimitiveType.Timestamp)))
        .with_primary_key("id")
        .with_index(ydb.TableIndex("by_name").with_index_columns("name"))
        .with_ttl(ydb.TtlSettings().with_date_type_column("seen", 3600))
    )


@pytest.fixture
def table(sessions, judged, name):
    path = f"{judged.database}/{name}"
    sessions.retry_operation_sync(lambda session: session.create_table(path, description()))
    return path


def execute(sessions, text, parameters=None):
    def callee(session):
        query = session.prepare(text) if parameters else text
        return session.transaction(ydb.SerializableReadWrite()).execute(query, parameters or {}, commit_tx=True)

    return sessions.retry_operation_sync(callee)


def described(sessions, path):
    return sessions.retry_operation_sync(lambda session: session.describe_table(path))


def test_a_description_tells_what_was_defined(sessions, table):
    found = described(sessions, table)
    columns = {column.name: str(column.type) for column in found.columns}
    assert columns == {"id": "Uint64", "name": "Utf8?", "seen": "Timestamp?"}
    assert found.primary_key == ["id"]
    assert [(index.name, list(index.index_columns)) for index in found.indexes] == [("by_name", ["name"])]
    mode = found.ttl_settings.date_type_column
    assert (mode.column_name, mode.expire_after_seconds) == ("seen", 3600)
    assert found.type == ydb.SchemeEntryType.TABLE


def test_a_prepared_query_runs_with_its_parameters(sessions, table):
    text = f"DECLARE $id AS Uint64; DECLARE $name AS Utf8; UPSERT INTO `{table}` (id, name) VALUES ($id, $name)"
    execute(sessions, text, {"$id": 1, "$name": "ann"})
    execute(sessions, text, {"$id": 2, "$name": "bob"})
    wanted = f"DECLARE $name AS Utf8; SELECT id FROM `{table}` VIEW by_name WHERE name = $name"
    (result,) = execute(sessions, wanted, {"$name": "bob"})
    assert [row.id for row in result.rows] == [2]


def test_an_interactive_transaction_sees_its_own_writes(sessions, table):
    def callee(session):
        with session.transaction(ydb.SerializableReadWrite()).begin() as tx:
            tx.execute(f"UPSERT INTO `{table}` (id, name) VALUES (1, 'ann')")
            (inside,) = tx.execute(f"SELECT name FROM `{table}` WHERE id = 1")
            tx.rollback()
        (outside,) = session.transaction().execute(f"SELECT name FROM `{table}`", commit_tx=True)
        return [row.name for row in inside.rows], outside.rows

    assert sessions.retry_operation_sync(callee) == (["ann"], [])


def test_reads_of_one_moment_cannot_write(sessions, table):
    def callee(session):
        tx = session.transaction(ydb.SnapshotReadOnly())
        tx.execute(f"UPSERT INTO `{table}` (id) VALUES (1)", commit_tx=True)

    with pytest.raises(ydb.issues.GenericError):
        sessions.retry_operation_sync(callee)


def test_many_rows_are_upserted_at_once(driver, sessions, table):
    columns = (
        ydb.BulkUpsertColumns()
        .add_column("id", ydb.PrimitiveType.Uint64)
        .add_column("name", utf8())
    )
    rows = [{"id": id, "name": f"name {id}" if id % 2 else None} for id in range(1500)]
    driver.table_client.bulk_upsert(table, rows, columns)
    driver.table_client.bulk_upsert(table, [{"id": 0, "name": "zero"}], columns)
    (result,) = execute(sessions, f"SELECT COUNT(*) AS n, COUNT(name) AS named FROM `{table}`")
    assert [(row.n, row.named) for row in result.rows] == [(1500, 751)]
    with pytest.raises(ydb.issues.SchemeError):
        driver.table_client.bulk_upsert(f"{table}_missing", rows, columns)


def fill(sessions, table):
    names = ["ann", "bob", "cat", "dan", "eve"]
    values = ", ".join(f"({id}, '{name}')" for id, name in enumerate(names, start=1))
    execute(sessions, f"UPSERT INTO `{table}` (id, name) VALUES {values}")


def test_rows_are_read_by_their_keys(driver, sessions, table):
    fill(sessions, table)
    kind = ydb.StructType().add_member("id", ydb.PrimitiveType.Uint64)
    found = driver.table_client.read_rows(table, [{"id": 4}, {"id": 9}, {"id": 1}], kind, ["id", "name"])
    assert sorted((row.id, row.name) for row in found.rows) == [(1, "ann"), (4, "dan")]


def test_a_table_is_read_as_a_stream(sessions, table):
    fill(sessions, table)
    key = ydb.TupleType().add_element(ydb.OptionalType(ydb.PrimitiveType.Uint64))

    def callee(session):
        parts = session.read_table(
            table,
            ydb.KeyRange(ydb.KeyBound.exclusive((1,), key), ydb.KeyBound.inclusive((4,), key)),
            columns=("id", "name"),
            ordered=True,
            row_limit=2,
        )
        return [(row.id, row.name) for part in parts for row in part.rows]

    assert sessions.retry_operation_sync(callee) == [(2, "bob"), (3, "cat")]


def test_a_scan_gives_all_rows(driver, sessions, table):
    fill(sessions, table)
    parts = driver.table_client.scan_query(f"SELECT id FROM `{table}` ORDER BY id")
    assert [row.id for part in parts for row in part.result_set.rows] == [1, 2, 3, 4, 5]


def alter(sessions, table, change):
    sessions.retry_operation_sync(lambda session: session.execute_scheme(f"ALTER TABLE `{table}` {change}"))


def test_a_plan_names_the_table_and_changes_nothing(sessions, table):
    fill(sessions, table)
    plan = sessions.retry_operation_sync(lambda session: session.explain(f"DELETE FROM `{table}`"))
    assert table in plan.query_plan
    (result,) = execute(sessions, f"SELECT COUNT(*) AS n FROM `{table}`")
    assert [row.n for row in result.rows] == [5]


def test_yql_alters_a_table(sessions, table):
    fill(sessions, table)
    for change in ["ADD COLUMN age Int32", "ADD INDEX by_age GLOBAL ON (age)"]:
        alter(sessions, table, change)
    execute(sessions, f"UPDATE `{table}` SET age = 7 WHERE id = 3")
    (result,) = execute(sessions, f"SELECT id, name FROM `{table}` VIEW by_age WHERE age = 7")
    assert [(row.id, row.name) for row in result.rows] == [(3, "cat")]
    for change in ["DROP INDEX by_age", "DROP COLUMN age", "RESET (TTL)"]:
        alter(sessions, table, change)
    found = described(sessions, table)
    assert sorted(column.name for column in found.columns) == ["id", "name", "seen"]
    assert [index.name for index in found.indexes] == ["by_name"]
    assert found.ttl_settings is None
    alter(sessions, table, 'SET (TTL = Interval("PT2H") ON seen)')
    assert described(sessions, table).ttl_settings.date_type_column.expire_after_seconds == 7200


def test_a_call_alters_a_table(sessions, table):
    def change(**settings):
        sessions.retry_operation_sync(lambda session: session.alter_table(table, **settings))

    change(add_columns=[ydb.Column("age", ydb.OptionalType(ydb.PrimitiveType.Int32))])
    change(add_indexes=[ydb.TableIndex("by_age").with_index_columns("age")])
    found = described(sessions, table)
    assert "age" in [column.name for column in found.columns]
    assert sorted(index.name for index in found.indexes) == ["by_age", "by_name"]
    change(drop_indexes=["by_age"])
    change(drop_columns=["age"])
    change(set_ttl_settings=ydb.TtlSettings().with_date_type_column("seen", 60))
    found = described(sessions, table)
    assert "age" not in [column.name for column in found.columns]
    assert found.ttl_settings.date_type_column.expire_after_seconds == 60


def test_a_dropped_table_is_gone(sessions, table):
    sessions.retry_operation_sync(lambda session: session.drop_table(table))
    with pytest.raises(ydb.issues.SchemeError):
        described(sessions, table)


def test_a_session_is_kept_alive_until_it_is_deleted(driver):
    session = driver.table_client.session().create()
    gone = session.session_id
    session.keep_alive()
    session.delete()
    other = driver.table_client.session()
    other._state.set_id(gone)
    with pytest.raises(ydb.issues.BadSession):
        other.keep_alive()


def test_an_async_client_does_the_same(judged, table):
    async def use():
        async with ydb.aio.Driver(driver_settings(judged)) as driver:
            await driver.wait(PATIENCE, fail_fast=True)
            async with ydb.aio.SessionPool(driver, size=3) as pool:

                async def callee(session):
                    text = f"DECLARE $seen AS Timestamp; UPSERT INTO `{table}` (id, seen) VALUES (1, $seen)"
                    query = await session.prepare(text)
                    seen = datetime.datetime(2026, 1, 2, 3, 4, 5, 6)
                    tx = session.transaction(ydb.SerializableReadWrite())
                    await tx.execute(query, {"$seen": seen}, commit_tx=True)
                    tx = session.transaction(ydb.OnlineReadOnly())
                    (result,) = await tx.execute(f"SELECT seen FROM `{table}`", commit_tx=True)
                    return [row.seen for row in result.rows]

                return await pool.retry_operation(callee)

    seen = datetime.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=datetime.timezone.utc)
    # This client hands out microseconds unless it is told otherwise.
    assert asyncio.run(use()) == [int(seen.timestamp()) * 1_000_000 + seen.microsecond]
