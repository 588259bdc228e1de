"""Topics of several partitions."""

import asyncio
import collections
import concurrent.futures

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
        # One and the same since Python 3.11.
        with pytest.raises((TimeoutError, concurrent.futures.TimeoutError)):
            reader.receive_message(timeout=0.3)
    assert sorted(message.data.decode() for message in messages) == ["to 1", "to 3"]


class Readers:
    """Readers of one consumer that read and commit until they are stopped."""

    def __init__(self, client, topic):
        self.client = client
        self.topic = topic
        self.tasks = {}
        self.stopped = set()
        self.committed = asyncio.Queue()
        self.unsure = set()

    def start(self, name):
        self.tasks[name] = asyncio.create_task(self._read(name))

    async def stop(self, name):
        self.stopped.add(name)
        await self.tasks.pop(name)

    async def _read(self, name):
        async with self.client.reader(self.topic, consumer="first") as reader:
            while name not in self.stopped:
                try:
                    message = await asyncio.wait_for(reader.receive_message(), 0.2)
                except asyncio.TimeoutError:
                    # Nothing there.
                    continue
                try:
                    await reader.commit_with_ack(message)
                except ydb.TopicReaderPartitionExpiredError:
                    # Somebody else gets it again, unless it was committed just
                    # before the partition was given back: that isn't told.
                    self.unsure.add(message.data.decode())
                    continue
                self.committed.put_nowait((name, message.partition_id, message.data.decode()))

    async def owners(self, round):
        """Writes to each partition; who committed it, where that is known."""
        owners = {}
        for partition in range(PARTITIONS):
            async with self.client.writer(self.topic, partition_id=partition) as writer:
                await writer.write_with_ack(f"{round} to {partition}")
        while len(owners) < PARTITIONS:
            try:
                name, partition, text = await asyncio.wait_for(self.committed.get(), PATIENCE)
            except asyncio.TimeoutError:
                missing = {f"{round} to {partition}" for partition in range(PARTITIONS) if partition not in owners}
                assert missing <= self.unsure, f"nobody committed {missing - self.unsure}"
                return owners
            assert text == f"{round} to {partition}", "a message was committed twice"
            assert partition not in owners, "a message was committed twice"
            owners[partition] = name
        return owners


def test_readers_share_partitions_and_give_them_back(judged, topic):
    async def use():
        async with ydb.aio.Driver(driver_settings(judged)) as driver:
            await driver.wait(PATIENCE, fail_fast=True)
            readers = Readers(driver.topic_client, topic)
            readers.start("one")
            assert set((await readers.owners("alone")).values()) == {"one"}
            readers.start("two")
            shared = {"one": PARTITIONS // 2, "two": PARTITIONS // 2}
            counts, round = {}, 0
            while counts != shared:
                assert round < 50, f"after {round} rounds still {counts}"
                counts = collections.Counter((await readers.owners(f"round {round}")).values())
                round += 1
            await readers.stop("one")
            assert set((await readers.owners("after")).values()) == {"two"}
            await readers.stop("two")

    asyncio.run(use())
