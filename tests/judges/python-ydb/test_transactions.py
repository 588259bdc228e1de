"""Transactions that get in each other's way."""

import asyncio

import pytest
import ydb

from conftest import PATIENCE, driver_settings


def age(pool, people, id):
    ((row,),) = [result.rows for result in pool.execute_with_retries(f"SELECT age FROM `{people}` WHERE id = {id}")]
    return row.age


def run(tx, text, **settings):
    """Runs a statement to its end: only then its failure shows."""
    with tx.execute(text, **settings) as results:
        for _ in results:
            pass


def read_age(tx, people, id=1):
    with tx.execute(f"SELECT age FROM `{people}` WHERE id = {id}") as results:
        return [row.age for result in results for row in result.rows][0]


def write_age(tx, people, value, id=1, commit=False):
    run(tx, f"UPSERT INTO `{people}` (id, age) VALUES ({id}, {value})", commit_tx=commit)


@pytest.fixture
def counter(pool, people):
    pool.execute_with_retries(f"UPSERT INTO `{people}` (id, age) VALUES (1, 0), (2, 0)")
    return people


def test_the_loser_of_a_race_is_aborted(pool, counter):
    with pool.checkout() as first, pool.checkout() as second:
        one = first.transaction().begin()
        other = second.transaction().begin()
        seen = read_age(one, counter), read_age(other, counter)
        write_age(one, counter, seen[0] + 1, commit=True)
        with pytest.raises(ydb.issues.Aborted) as lost:
            write_age(other, counter, seen[1] + 10, commit=True)
    assert lost.value.issues[0].issue_code == 2001
    assert age(pool, counter, 1) == 1


def test_different_rows_do_not_conflict(pool, counter):
    with pool.checkout() as first, pool.checkout() as second:
        one = first.transaction().begin()
        other = second.transaction().begin()
        write_age(one, counter, read_age(one, counter, 1) + 1, id=1)
        write_age(other, counter, read_age(other, counter, 2) + 2, id=2)
        one.commit()
        other.commit()
    assert (age(pool, counter, 1), age(pool, counter, 2)) == (1, 2)


def test_the_sdk_repeats_a_lost_race_until_it_is_won(pool, counter):
    tries = []

    def callee(tx):
        tries.append(1)
        seen = read_age(tx, counter)
        if len(tries) == 1:
            pool.execute_with_retries(f"UPDATE `{counter}` SET age = 100 WHERE id = 1")
        write_age(tx, counter, seen + 1)

    pool.retry_tx_sync(callee)
    assert (len(tries), age(pool, counter, 1)) == (2, 101)


def test_concurrent_increments_all_count(judged, counter, pool):
    async def use():
        async with ydb.aio.Driver(driver_settings(judged)) as driver:
            await driver.wait(PATIENCE, fail_fast=True)
            async with ydb.aio.QuerySessionPool(driver, size=10) as sessions:

                async def increment(tx):
                    async with await tx.execute(f"SELECT age FROM `{counter}` WHERE id = 1") as results:
                        (seen,) = [row.age async for result in results for row in result.rows]
                    text = f"UPSERT INTO `{counter}` (id, age) VALUES (1, {seen + 1})"
                    async with await tx.execute(text, commit_tx=True):
                        pass

                settings = ydb.RetrySettings(max_retries=50, fast_backoff_settings=ydb.BackoffSettings(10, 0.005))
                changes = [sessions.retry_tx_async(increment, retry_settings=settings) for _ in range(10)]
                await asyncio.gather(*changes)

    asyncio.run(use())
    assert age(pool, counter, 1) == 10


def test_a_failed_statement_ends_its_transaction(pool, counter):
    with pool.checkout() as session:
        tx = session.transaction().begin()
        write_age(tx, counter, 5)
        with pytest.raises(ydb.issues.PreconditionFailed):
            run(tx, f"INSERT INTO `{counter}` (id) VALUES (2)")
    assert age(pool, counter, 1) == 0


def test_a_rolled_back_transaction_leaves_nothing(pool, counter):
    with pool.checkout() as session:
        with session.transaction() as tx:
            write_age(tx, counter, 5)
            assert read_age(tx, counter) == 5
            tx.rollback()
    assert age(pool, counter, 1) == 0


def test_definitions_have_no_place_in_a_transaction(pool, name):
    with pool.checkout() as session:
        tx = session.transaction().begin()
        with pytest.raises(ydb.issues.Error):
            run(tx, f"CREATE TABLE `{name}` (id Int32, PRIMARY KEY (id))")
