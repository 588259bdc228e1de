"""What is in a database."""

import asyncio

import pytest
import ydb

from conftest import PATIENCE, driver_settings

DIRECTORY = ydb.SchemeEntryType.DIRECTORY


def children(driver, path):
    return {child.name: child.type for child in driver.scheme_client.list_directory(path).children}


def test_directories_are_made_listed_and_removed(driver, judged, name):
    client = driver.scheme_client
    path = f"{judged.database}/{name}"
    client.make_directory(path)
    client.make_directory(f"{path}/inner")
    assert children(driver, judged.database)[name] == DIRECTORY
    assert children(driver, path) == {"inner": DIRECTORY}
    with pytest.raises(ydb.issues.SchemeError):
        client.remove_directory(path)
    client.remove_directory(f"{path}/inner")
    client.remove_directory(path)
    assert name not in children(driver, judged.database)
    with pytest.raises(ydb.issues.SchemeError):
        client.describe_path(path)


def test_tables_and_topics_lie_in_directories(driver, pool, judged, name):
    path = f"{judged.database}/{name}"
    pool.execute_with_retries(f"CREATE TABLE `{name}/below/table` (id Int32, PRIMARY KEY (id))")
    driver.topic_client.create_topic(f"{path}/topic")
    assert children(driver, path) == {"below": DIRECTORY, "topic": ydb.SchemeEntryType.TOPIC}
    assert children(driver, f"{path}/below") == {"table": ydb.SchemeEntryType.TABLE}
    found = driver.scheme_client.describe_path(f"{path}/below/table")
    assert (found.name, found.type) == ("table", ydb.SchemeEntryType.TABLE)


def test_the_root_is_a_database(driver, judged):
    found = driver.scheme_client.describe_path(judged.database)
    assert found.type == ydb.SchemeEntryType.DATABASE


def test_a_prefix_shortens_paths(pool, judged, name):
    prefix = f'PRAGMA TablePathPrefix("{judged.database}/{name}");'
    pool.execute_with_retries(f"{prefix} CREATE TABLE own (id Int32, PRIMARY KEY (id))")
    pool.execute_with_retries(f"UPSERT INTO `{name}/own` (id) VALUES (1)")
    (result,) = pool.execute_with_retries(f"{prefix} SELECT id FROM own")
    assert [row.id for row in result.rows] == [1]


def test_an_async_client_lists_too(judged, people):
    async def use():
        async with ydb.aio.Driver(driver_settings(judged)) as driver:
            await driver.wait(PATIENCE, fail_fast=True)
            found = await driver.scheme_client.list_directory(judged.database)
            return {child.name: child.type for child in found.children}

    assert asyncio.run(use())[people] == ydb.SchemeEntryType.TABLE
