"""Clients whose calls fail or whose connections break."""

import asyncio
import time

import pytest
import ydb

from conftest import PATIENCE, driver_settings


@pytest.fixture
def through_proxy(judged, proxy):
    with ydb.Driver(driver_settings(judged, endpoint=proxy.endpoint)) as driver:
        driver.wait(PATIENCE, fail_fast=True)
        yield driver


@pytest.fixture
def topic(driver, judged, name):
    path = f"{judged.database}/{name}"
    driver.topic_client.create_topic(path, consumers=["first"])
    return path


def test_a_query_that_fails_on_the_way_is_repeated(pool, faults):
    faults.break_calls("ExecuteQuery", {"status": 503})
    (result,) = pool.execute_with_retries("SELECT 1 AS one")
    assert ([row.one for row in result.rows], faults.hits()) == ([1], 1)


def test_a_session_that_cannot_be_made_is_asked_for_again(driver, faults):
    faults.break_calls("CreateSession", {"cut": {}})
    with ydb.QuerySessionPool(driver) as pool:
        (result,) = pool.execute_with_retries("SELECT 1 AS one")
    assert ([row.one for row in result.rows], faults.hits()) == ([1], 1)


def test_an_upsert_whose_answer_is_lost_is_applied_once(pool, people, faults):
    faults.break_calls("ExecuteQuery", {"cut": {}}, phase="after")
    settings = ydb.RetrySettings(idempotent=True)
    pool.execute_with_retries(f"UPSERT INTO `{people}` (id) VALUES (1)", retry_settings=settings)
    (result,) = pool.execute_with_retries(f"SELECT COUNT(*) AS n FROM `{people}`")
    assert ([row.n for row in result.rows], faults.hits()) == ([1], 1)


def test_a_new_connection_gets_new_sessions(through_proxy, proxy):
    with ydb.QuerySessionPool(through_proxy) as pool:
        pool.execute_with_retries("SELECT 1")
        assert proxy.cut() > 0
        # The SDK cancels what waits on a channel that it gives up.
        settings = ydb.RetrySettings(idempotent=True, retry_cancelled=True)
        (result,) = pool.execute_with_retries("SELECT 2 AS two", retry_settings=settings)
    assert [row.two for row in result.rows] == [2]


def test_a_transaction_dies_with_its_connection(through_proxy, proxy, pool, people):
    with ydb.QuerySessionPool(through_proxy) as own:
        with own.checkout() as session:
            tx = session.transaction().begin()
            for text in [f"UPSERT INTO `{people}` (id) VALUES (1)", f"SELECT id FROM `{people}`"]:
                with tx.execute(text) as results:
                    assert all(result is not None for result in results)
            proxy.cut()
            with pytest.raises(ydb.issues.Error):
                tx.commit()
    # The write lock is free again: this would wait for it and fail.
    pool.execute_with_retries(f"UPSERT INTO `{people}` (id) VALUES (2)")
    (result,) = pool.execute_with_retries(f"SELECT id FROM `{people}`")
    assert [row.id for row in result.rows] == [2]


def test_a_writer_sends_again_what_was_not_acknowledged(through_proxy, proxy, driver, topic):
    with through_proxy.topic_client.writer(topic, producer_id="pen") as writer:
        writer.write_with_ack("m0", timeout=PATIENCE)
        for number in range(1, 30):
            writer.write(f"m{number}")
            if number % 10 == 0:
                proxy.cut()
        writer.flush(timeout=PATIENCE)
    with driver.topic_client.reader(topic, consumer="first") as reader:
        received = [reader.receive_message(timeout=PATIENCE).data.decode() for _ in range(30)]
    assert received == [f"m{number}" for number in range(30)]


def stored(driver, topic):
    """How many messages the topic has."""
    (partition,) = driver.topic_client.describe_topic(topic, include_stats=True).partitions
    return partition.partition_stats.partition_end


def test_a_message_whose_acknowledgement_is_lost_is_stored_once(through_proxy, proxy, driver, topic):
    with through_proxy.topic_client.writer(topic, producer_id="pen") as writer:
        writer.write_with_ack("first", timeout=PATIENCE)
        proxy.lose_answers()
        writer.write("second")
        limit = time.monotonic() + PATIENCE
        while stored(driver, topic) < 2:
            assert time.monotonic() < limit, "the message did not arrive"
        assert proxy.cut() > 0
        writer.flush(timeout=PATIENCE)
        writer.write_with_ack("third", timeout=PATIENCE)
    with driver.topic_client.reader(topic, consumer="first") as reader:
        received = [reader.receive_message(timeout=PATIENCE) for _ in range(3)]
    assert [message.data for message in received] == [b"first", b"second", b"third"]
    assert stored(driver, topic) == 3


def test_a_reader_that_lost_its_connection_goes_on(through_proxy, proxy, driver, topic):
    with driver.topic_client.writer(topic) as writer:
        writer.write_with_ack(["a", "b"], timeout=PATIENCE)
        with through_proxy.topic_client.reader(topic, consumer="first") as reader:
            message = reader.receive_message(timeout=PATIENCE)
            reader.commit_with_ack(message, timeout=PATIENCE)
            assert proxy.cut() > 0
            writer.write_with_ack("c", timeout=PATIENCE)
            # What was already there may come before the break is noticed.
            received = []
            while "c" not in received:
                received.append(reader.receive_message(timeout=PATIENCE).data.decode())
    assert message.data == b"a"
    assert received in (["b", "c"], ["b", "b", "c"])


def test_a_writer_waits_for_a_topic_service_that_comes_back(driver, topic, faults):
    faults.break_calls("StreamWrite", {"status": 503}, times=2)
    with driver.topic_client.writer(topic) as writer:
        writer.write_with_ack("text", timeout=PATIENCE)
    assert faults.hits() == 2


def test_an_async_reader_survives_a_break(judged, driver, proxy, topic):
    with driver.topic_client.writer(topic) as writer:
        writer.write_with_ack(["a", "b"], timeout=PATIENCE)

    async def use():
        settings = driver_settings(judged, endpoint=proxy.endpoint)
        async with ydb.aio.Driver(settings) as own:
            await own.wait(PATIENCE, fail_fast=True)
            async with own.topic_client.reader(topic, consumer="first") as reader:
                first = await asyncio.wait_for(reader.receive_message(), PATIENCE)
                await reader.commit_with_ack(first)
                proxy.cut()
                second = await asyncio.wait_for(reader.receive_message(), PATIENCE)
                return first.data, second.data

    assert asyncio.run(use()) == (b"a", b"b")
