"""The query service, as new programs use it."""

import asyncio
import datetime
import uuid

import pytest
import ydb

from conftest import PATIENCE, driver_settings

PEOPLE = [(1, "ann", 30), (2, "bob", None), (3, "ann", 7)]


def rows(results):
    """The rows of the only result set."""
    (result,) = results
    return result.rows


def fill(pool, people):
    pool.execute_with_retries(
        f"UPSERT INTO `{people}` (id, name, age) VALUES (1, 'ann', 30), (2, 'bob', NULL), (3, 'ann', 7)"
    )


def everybody(pool, people):
    found = rows(pool.execute_with_retries(f"SELECT id, name, age FROM `{people}` ORDER BY id"))
    return [(row.id, row.name, row.age) for row in found]


def test_upsert_changes_listed_columns_and_replace_clears_the_others(pool, people):
    fill(pool, people)
    pool.execute_with_retries(f"UPSERT INTO `{people}` (id, age) VALUES (1, 31)")
    pool.execute_with_retries(f"REPLACE INTO `{people}` (id, age) VALUES (3, 8)")
    assert everybody(pool, people) == [(1, "ann", 31), (2, "bob", None), (3, None, 8)]


def test_insert_refuses_a_key_that_is_there(pool, people):
    pool.execute_with_retries(f"INSERT INTO `{people}` (id, name) VALUES (1, 'ann')")
    with pytest.raises(ydb.issues.PreconditionFailed) as refused:
        pool.execute_with_retries(f"INSERT INTO `{people}` (id, name) VALUES (1, 'eve')")
    assert refused.value.issues[0].issue_code == 2012
    assert everybody(pool, people) == [(1, "ann", None)]


def test_update_and_delete_by_condition(pool, people):
    fill(pool, people)
    pool.execute_with_retries(f"UPDATE `{people}` SET age = age + 1 WHERE name = 'ann'")
    pool.execute_with_retries(f"DELETE FROM `{people}` WHERE age IS NULL")
    assert everybody(pool, people) == [(1, "ann", 31), (3, "ann", 8)]


def test_update_on_and_delete_on_take_rows(pool, people):
    fill(pool, people)
    pool.execute_with_retries(f"UPDATE `{people}` ON SELECT id, age ?? 0 AS age FROM `{people}`")
    assert everybody(pool, people) == [(1, "ann", 30), (2, "bob", 0), (3, "ann", 7)]
    pool.execute_with_retries(f"DELETE FROM `{people}` ON SELECT id FROM `{people}` WHERE age < 10")
    assert everybody(pool, people) == [(1, "ann", 30)]


def test_returning_gives_back_what_was_written(pool, people):
    written = rows(
        pool.execute_with_retries(f"UPSERT INTO `{people}` (id, name) VALUES (5, 'kim') RETURNING id, name")
    )
    assert [(row.id, row.name) for row in written] == [(5, "kim")]
    gone = rows(pool.execute_with_retries(f"DELETE FROM `{people}` WHERE id = 5 RETURNING *"))
    assert [(row.id, row.name, row.age) for row in gone] == [(5, "kim", None)]


def test_a_view_reads_through_the_index(pool, people):
    fill(pool, people)
    found = rows(pool.execute_with_retries(f"SELECT id FROM `{people}` VIEW by_name WHERE name = 'ann' ORDER BY id"))
    assert [row.id for row in found] == [1, 3]
    with pytest.raises(ydb.issues.SchemeError):
        pool.execute_with_retries(f"SELECT id FROM `{people}` VIEW by_age WHERE age = 7")


def test_parameters_of_every_plain_type_come_back_as_they_went(pool):
    moment = datetime.datetime(2026, 2, 3, 4, 5, 6)
    values = {
        "Bool": True,
        "Int8": -8,
        "Uint8": 8,
        "Int16": -16,
        "Uint16": 16,
        "Int32": -32,
        "Uint32": 32,
        "Int64": -64,
        "Uint64": 64,
        "Float": 1.5,
        "Double": 2.25,
        "String": b"bytes\xff",
        "Utf8": "text",
        "Json": '{"a":1}',
        "Date": moment.date(),
        "Datetime": moment,
        "Timestamp": moment.replace(microsecond=789),
        "Interval": datetime.timedelta(hours=-3, microseconds=5),
    }
    parameters = {f"${kind}": (value, getattr(ydb.PrimitiveType, kind)) for kind, value in values.items()}
    columns = ", ".join(f"${kind} AS own_{kind}" for kind in values)
    (row,) = rows(pool.execute_with_retries(f"SELECT {columns}", parameters))
    # The SDK reads JSON for its user.
    assert {kind: row[f"own_{kind}"] for kind in values} == {**values, "Json": {"a": 1}}


def test_optional_parameters_and_declared_types(pool):
    text = "DECLARE $a AS Optional<Utf8>; DECLARE $b AS Int64?; SELECT $a AS a, $b AS b, $a IS NULL AS empty"
    kind = ydb.OptionalType(ydb.PrimitiveType.Utf8)
    other = ydb.OptionalType(ydb.PrimitiveType.Int64)
    (row,) = rows(pool.execute_with_retries(text, {"$a": (None, kind), "$b": (4, other)}))
    assert (row.a, row.b, row.empty) == (None, 4, True)
    with pytest.raises(ydb.issues.BadRequest):
        pool.execute_with_retries("DECLARE $a AS Utf8; SELECT $a", {"$a": (1, ydb.PrimitiveType.Int64)})


def test_a_list_of_values_is_searched(pool, people):
    fill(pool, people)
    wanted = {"$ids": ([1, 3, 9], ydb.ListType(ydb.PrimitiveType.Uint64))}
    text = f"DECLARE $ids AS List<Uint64>; SELECT id FROM `{people}` WHERE id IN $ids ORDER BY id"
    found = rows(pool.execute_with_retries(text, wanted))
    assert [row.id for row in found] == [1, 3]
    nothing = {"$ids": ([], ydb.ListType(ydb.PrimitiveType.Uint64))}
    assert rows(pool.execute_with_retries(text, nothing)) == []


def person_list(people):
    kind = ydb.StructType()
    kind.add_member("id", ydb.PrimitiveType.Uint64)
    kind.add_member("name", ydb.PrimitiveType.Utf8)
    kind.add_member("age", ydb.OptionalType(ydb.PrimitiveType.Int32))
    values = [{"id": id, "name": name, "age": age} for id, name, age in people]
    return (values, ydb.ListType(kind))


def test_a_list_of_structs_is_a_table(pool, people):
    declared = "DECLARE $rows AS List<Struct<id: Uint64, name: Utf8, age: Int32?>>;"
    parameters = {"$rows": person_list(PEOPLE)}
    pool.execute_with_retries(f"{declared} UPSERT INTO `{people}` SELECT * FROM AS_TABLE($rows)", parameters)
    assert everybody(pool, people) == PEOPLE
    pool.execute_with_retries(
        f"{declared} UPSERT INTO `{people}` (id, age) SELECT id + 10u AS id, age FROM AS_TABLE($rows) WHERE age > 10",
        parameters,
    )
    assert everybody(pool, people) == [*PEOPLE, (11, None, 30)]
    pool.execute_with_retries(f"{declared} DELETE FROM `{people}` ON SELECT id FROM AS_TABLE($rows)", parameters)
    assert everybody(pool, people) == [(11, None, 30)]


def test_tables_are_joined(pool, people, name):
    fill(pool, people)
    pets = f"{name}_pets"
    pool.execute_with_retries(
        f"CREATE TABLE `{pets}` (owner Uint64 NOT NULL, pet Utf8, PRIMARY KEY (owner, pet))"
    )
    pool.execute_with_retries(f"UPSERT INTO `{pets}` (owner, pet) VALUES (1, 'cat'), (1, 'dog'), (9, 'eel')")
    for kind, may_be_null, expected in [
        ("INNER JOIN", False, [(1, "cat"), (1, "dog")]),
        ("LEFT JOIN", True, [(1, "cat"), (1, "dog"), (2, None), (3, None)]),
    ]:
        (result,) = pool.execute_with_retries(
            f"""SELECT p.id AS id, q.pet AS pet, q.owner AS owner FROM `{people}` AS p {kind} `{pets}` AS q
            ON p.id = q.owner ORDER BY id, pet"""
        )
        assert [(row.id, row.pet) for row in result.rows] == expected, kind
        kind_of_owner = result.columns[2].type.WhichOneof("type")
        assert (kind_of_owner == "optional_type") == may_be_null, kind


def test_selects_stand_in_selects(pool, people):
    fill(pool, people)
    for text in [
        f"SELECT id FROM `{people}` WHERE id IN (SELECT id FROM `{people}` WHERE name = 'ann') ORDER BY id",
        f"SELECT id FROM (SELECT id, name FROM `{people}`) AS own WHERE own.name = 'ann' ORDER BY id",
        f"$all = (SELECT id, name FROM `{people}`); SELECT id FROM $all WHERE name = 'ann' ORDER BY id",
        f"$name = 'ann'; SELECT id FROM `{people}` WHERE name = $name ORDER BY id",
        f"""SELECT id FROM `{people}` WHERE id = 3 UNION ALL
        SELECT id FROM `{people}` WHERE id = 1 ORDER BY id""",
    ]:
        assert [row.id for row in rows(pool.execute_with_retries(text))] == [1, 3], text


def test_values_are_chosen_by_conditions(pool, people):
    fill(pool, people)
    text = f"""SELECT id, CASE WHEN age > 10 THEN 'old' WHEN age IS NULL THEN name ELSE NULL END AS word,
        IF(age > 10, 1, 2) AS number FROM `{people}` ORDER BY id"""
    found = rows(pool.execute_with_retries(text))
    assert [(row.word, row.number) for row in found] == [("old", 1), ("bob", 2), (None, 2)]


def test_groups_are_filtered(pool, people):
    fill(pool, people)
    text = f"SELECT name, COUNT(*) AS n FROM `{people}` GROUP BY name HAVING COUNT(*) > 1u"
    found = rows(pool.execute_with_retries(text))
    assert [(row.name, row.n) for row in found] == [("ann", 2)]
    (row,) = rows(pool.execute_with_retries(f"SELECT COUNT(DISTINCT name) AS n FROM `{people}`"))
    assert row.n == 2


def test_all_columns_of_one_of_two_tables(pool, people):
    fill(pool, people)
    text = f"""SELECT own.*, other.name AS namesake FROM `{people}` AS own
        JOIN `{people}` AS other ON own.name = other.name WHERE own.id = 1 AND other.id = 3"""
    found = rows(pool.execute_with_retries(text))
    assert [(row.id, row.name, row.age, row.namesake) for row in found] == [(1, "ann", 30, "ann")]


def test_uuids_are_the_same_on_both_sides(pool, name):
    pool.execute_with_retries(f"CREATE TABLE `{name}` (id Uuid NOT NULL, PRIMARY KEY (id))")
    own = uuid.UUID("6e73b41c-4ede-4d08-9cfb-b7462d9e498b")
    pool.execute_with_retries(
        f"UPSERT INTO `{name}` (id) VALUES ($id), (RandomUuid(1))", {"$id": (own, ydb.PrimitiveType.UUID)}
    )
    text = f"SELECT id, CAST(id AS Utf8) AS text FROM `{name}` WHERE id = Uuid('{own}')"
    (row,) = rows(pool.execute_with_retries(text))
    assert (row.id, row.text) == (own, str(own))
    assert len(rows(pool.execute_with_retries(f"SELECT id FROM `{name}`"))) == 2


def test_counts_and_sums_have_the_types_of_yql(pool, people):
    fill(pool, people)
    (row,) = rows(
        pool.execute_with_retries(f"SELECT COUNT(*) AS n, SUM(age) AS total, MAX(name) AS last FROM `{people}`")
    )
    assert (row.n, row.total, row.last) == (3, 37, "bob")
    grouped = rows(
        pool.execute_with_retries(f"SELECT name, COUNT(*) AS n FROM `{people}` GROUP BY name ORDER BY name")
    )
    assert [(row.name, row.n) for row in grouped] == [("ann", 2), ("bob", 1)]


def test_a_script_gives_a_result_set_for_each_select(pool, people):
    fill(pool, people)
    results = pool.execute_with_retries(
        f"SELECT 1 AS one; SELECT id FROM `{people}` ORDER BY id LIMIT 1 OFFSET 1; SELECT 'x' AS letter"
    )
    assert [[list(row.values()) for row in result.rows] for result in results] == [[[1]], [[2]], [[b"x"]]]


def test_a_large_result_arrives_whole(pool, people):
    many = [(id, f"name {id}", id) for id in range(3000)]
    pool.execute_with_retries(
        f"UPSERT INTO `{people}` SELECT * FROM AS_TABLE($rows)", {"$rows": person_list(many)}
    )
    results = pool.execute_with_retries(f"SELECT id, name, age FROM `{people}` ORDER BY id")
    found = [row for result in results for row in result.rows]
    assert [(row.id, row.name, row.age) for row in found] == many


def test_an_async_client_does_the_same(judged, people):
    async def use():
        async with ydb.aio.Driver(driver_settings(judged)) as driver:
            await driver.wait(PATIENCE, fail_fast=True)
            async with ydb.aio.QuerySessionPool(driver) as pool:
                writes = [
                    pool.execute_with_retries(
                        f"UPSERT INTO `{people}` (id, name) VALUES ($id, $name)",
                        {"$id": (id, ydb.PrimitiveType.Uint64), "$name": f"n{id}"},
                    )
                    for id in range(8)
                ]
                await asyncio.gather(*writes)

                async def total(tx):
                    async with await tx.execute(f"SELECT COUNT(*) AS n FROM `{people}`") as results:
                        counts = [row.n async for result in results for row in result.rows]
                    return counts

                return await pool.retry_tx_async(total)

    assert asyncio.run(use()) == [8]


def test_a_query_is_explained(pool, people):
    plan = pool.explain_with_retries(f"SELECT id FROM `{people}`")
    assert people in plan
