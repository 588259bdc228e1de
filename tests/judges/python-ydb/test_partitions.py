"""Topics of several partitions."""

import asyncio
import collections

import pytest
import ydb

from conftest import PATIENCE, driver_settings

PARTITIONS = 4


@pytest.fixture
def topic(driver, judged, name):
    path = f"{judged.database}/{name}"
    driver.topic_client.create_topic(path, min_active_partitions=PARTITIONS, consumers=["first"])
    return path


def write(driver, topic, *texts, **settings):
    with driver.topic_client.writer(topic, **settings) as writer:
        return writer.write_with_ack(list(texts), timeout=PATIENCE)


def test_a_description_names_all_partitions(driver, topic):
    found = driver.topic_client.describe_topic(topic)
    assert sorted(partition.partition_id for partition in found.partitions) == list(range(PARTITIONS))
    assert found.min_active_partitions == PARTITIONS
    driver.topic_client.alter_topic(topic, set_min_active_partitions=PARTITIONS + 1)
    found = driver.topic_client.describe_topic(topic)
    assert len(found.partitions) == PARTITIONS + 1


def test_a_producer_stays_in_its_partition_and_in_order(driver, topic):
    for producer in ["ann", "bob", "cat", "dan", "eve"]:
        write(driver, topic, f"{producer} 0", f"{producer} 1", producer_id=producer)
        write(driver, topic, f"{producer} 2", producer_id=producer)
    received = collections.defaultdict(list)
    partitions = collections.defaultdict(set)
    with driver.topic_client.reader(topic, consumer="first") as reader:
        for _ in range(15):
            message = reader.receive_message(timeout=PATIENCE)
            received[message.producer_id].append(message.data.decode())
            partitions[message.producer_id].add(message.partition_id)
    assert all(texts == [f"{producer} {number}" for number in range(3)] for producer, texts in received.items())
    assert all(len(own) == 1 for own in partitions.values())
    assert len(received) == 5


def test_a_writer_may_choose_its_partition(driver, topic):
    for partition in range(PARTITIONS):
        write(driver, topic, f"to {partition}", partition_id=partition)
    with driver.topic_client.reader(topic, consumer="first") as reader:
        messages = [reader.receive_message(timeout=PATIENCE) for _ in range(PARTITIONS)]
    assert sorted((message.partition_id, message.data.decode()) for message in messages) == [
        (partition, f"to {partition}") for partition in range(PARTITIONS)
    ]
    with pytest.raises(ydb.issues.Error):
        write(driver, topic, "nowhere", partition_id=PARTITIONS)


def test_a_reader_may_choose_partitions(driver, topic):
    for partition in range(PARTITIONS):
        write(driver, topic, f"to {partition}", partition_id=partition)
    chosen = ydb.TopicReaderSelector(path=topic, partitions=[1, 3])
    with driver.topic_client.reader(chosen, consumer="first") as reader:
        messages = [reader.receive_message(timeout=PATIENCE) for _ in range(2)]
        with pytest.raises(TimeoutError):
            reader.receive_message(timeout=0.3)
    assert sorted(message.data.decode() for message in messages) == ["to 1", "to 3"]


def test_readers_share_partitions_and_give_them_back(judged, driver, topic):
    """A second reader gets a share, and all when the first one leaves. Every
    message comes to somebody who may commit it, once."""

    async def collect(reader, into, until):
        while not until(into):
            message = await asyncio.wait_for(reader.receive_message(), PATIENCE)
            into.append((message.partition_id, message.data.decode()))
            await reader.commit_with_ack(message)

    def partitions(received):
        return {partition for partition, _ in received}

    async def write_round(client, round):
        for partition in range(PARTITIONS):
            async with client.writer(topic, partition_id=partition) as writer:
                await writer.write_with_ack(f"{round} to {partition}")

    async def use():
        async with ydb.aio.Driver(driver_settings(judged)) as own:
            await own.wait(PATIENCE, fail_fast=True)
            client = own.topic_client
            first, second = [], []
            one = client.reader(topic, consumer="first")
            await write_round(client, "alone")
            await collect(one, first, lambda all: len(all) == PARTITIONS)
            assert len(partitions(first)) == PARTITIONS
            two = client.reader(topic, consumer="first")
            first.clear()
            reading = asyncio.create_task(collect(one, first, lambda _: False))
            # The newcomer's share shows when something comes to it.
            rounds = 0
            wanted = asyncio.create_task(collect(two, second, lambda all: len(partitions(all)) == PARTITIONS // 2))
            while not wanted.done():
                await write_round(client, f"round {rounds}")
                rounds += 1
                await asyncio.wait([wanted], timeout=0.05)
            await wanted
            while len(first) + len(second) < rounds * PARTITIONS:
                await asyncio.wait_for(collect(two, second, lambda all: True), PATIENCE)
                more = asyncio.create_task(collect(two, second, lambda all: len(first) + len(all) >= rounds * PARTITIONS))
                done, _ = await asyncio.wait([more], timeout=0.2)
                if not done:
                    more.cancel()
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            await one.close(flush=False)
            both = sorted(text for _, text in first + second)
            assert both == sorted(f"round {r} to {p}" for r in range(rounds) for p in range(PARTITIONS))
            second.clear()
            await write_round(client, "after")
            await collect(two, second, lambda all: len(all) == PARTITIONS)
            assert len(partitions(second)) == PARTITIONS
            await two.close(flush=False)

    asyncio.run(use())
