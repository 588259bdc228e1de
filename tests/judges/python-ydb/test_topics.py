"""Topics, written and read."""

import asyncio
import datetime

import pytest
import ydb

from conftest import PATIENCE, driver_settings


@pytest.fixture
def topic(driver, judged, name):
    path = f"{judged.database}/{name}"
    driver.topic_client.create_topic(path, consumers=["first", "second"])
    return path


def write(driver, topic, *texts, **settings):
    with driver.topic_client.writer(topic, **settings) as writer:
        return writer.write_with_ack(list(texts), timeout=PATIENCE)


def read(reader, count):
    """So many messages, each with the text that it holds."""
    return [reader.receive_message(timeout=PATIENCE) for _ in range(count)]


def texts(messages):
    return [message.data.decode() for message in messages]


def test_a_description_tells_what_was_asked_for(driver, topic):
    client = driver.topic_client
    found = client.describe_topic(topic)
    assert sorted(consumer.name for consumer in found.consumers) == ["first", "second"]
    assert [partition.partition_id for partition in found.partitions] == [0]
    client.alter_topic(
        topic,
        add_consumers=["third"],
        drop_consumers=["first"],
        set_retention_period=datetime.timedelta(hours=3),
        alter_attributes={"_message_group_seqno_retention_period_ms": "1"},
    )
    found = client.describe_topic(topic)
    assert sorted(consumer.name for consumer in found.consumers) == ["second", "third"]
    assert found.retention_period == datetime.timedelta(hours=3)
    client.drop_topic(topic)
    with pytest.raises(ydb.issues.SchemeError):
        client.describe_topic(topic)


def test_what_is_written_is_read(driver, topic):
    write(driver, topic, "one", "two", producer_id="pen")
    with driver.topic_client.reader(topic, consumer="first") as reader:
        messages = read(reader, 2)
    assert texts(messages) == ["one", "two"]
    assert [(message.seqno, message.offset, message.producer_id) for message in messages] == [
        (1, 0, "pen"),
        (2, 1, "pen"),
    ]
    age = datetime.datetime.now(datetime.timezone.utc) - messages[0].written_at.replace(tzinfo=datetime.timezone.utc)
    assert abs(age) < datetime.timedelta(minutes=5)


def test_metadata_of_a_message_comes_along(driver, topic):
    write(driver, topic, ydb.TopicWriterMessage("text", metadata_items={"kind": "note"}))
    with driver.topic_client.reader(topic, consumer="first") as reader:
        (message,) = read(reader, 1)
    assert message.metadata_items == {"kind": b"note"}


@pytest.mark.parametrize("codec", [ydb.TopicCodec.RAW, ydb.TopicCodec.GZIP])
def test_codecs_are_kept(driver, topic, codec):
    write(driver, topic, "text" * 100, codec=codec)
    with driver.topic_client.reader(topic, consumer="first") as reader:
        assert texts(read(reader, 1)) == ["text" * 100]


def test_reading_goes_on_behind_what_was_committed(driver, topic):
    write(driver, topic, *(f"m{number}" for number in range(6)))
    with driver.topic_client.reader(topic, consumer="first") as reader:
        for message in read(reader, 4)[:3]:
            reader.commit_with_ack(message, timeout=PATIENCE)
    with driver.topic_client.reader(topic, consumer="first") as reader:
        assert texts(read(reader, 3)) == ["m3", "m4", "m5"]
    with driver.topic_client.reader(topic, consumer="second") as reader:
        assert texts(read(reader, 1)) == ["m0"]


def test_a_place_is_committed_without_a_reader(driver, topic):
    write(driver, topic, "a", "b", "c")
    driver.topic_client.commit_offset(topic, "first", 0, 2)
    with driver.topic_client.reader(topic, consumer="first") as reader:
        assert texts(read(reader, 1)) == ["c"]
    found = driver.topic_client.describe_consumer(topic, "first", include_stats=True)
    (partition,) = found.partitions
    assert partition.partition_consumer_stats.committed_offset == 2


class FromOffset(ydb.TopicReaderEvents.EventHandler):
    """Starts to read where it is told to."""

    def __init__(self, offset):
        super().__init__()
        self.offset = offset

    def on_partition_get_start_offset(self, event):
        return ydb.TopicReaderEvents.OnPartitionGetStartOffsetResponse(self.offset)


def test_readers_without_a_consumer_all_get_everything(driver, topic):
    write(driver, topic, "a", "b", "c")
    selector = ydb.TopicReaderSelector(path=topic, partitions=[0])
    for offset, expected in [(0, ["a", "b", "c"]), (1, ["b", "c"])]:
        with driver.topic_client.reader(selector, consumer=None, event_handler=FromOffset(offset)) as one:
            with driver.topic_client.reader(selector, consumer=None, event_handler=FromOffset(offset)) as other:
                assert texts(read(one, len(expected))) == expected
                assert texts(read(other, len(expected))) == expected


def test_a_consumer_that_comes_again_starts_anew(driver, topic):
    write(driver, topic, "a", "b")
    driver.topic_client.commit_offset(topic, "first", 0, 1)
    driver.topic_client.alter_topic(topic, drop_consumers=["first"])
    driver.topic_client.alter_topic(topic, add_consumers=["first"])
    with driver.topic_client.reader(topic, consumer="first") as reader:
        assert texts(read(reader, 1)) == ["a"]


def test_batches_hold_what_fits(driver, topic):
    write(driver, topic, *(f"m{number}" for number in range(10)))
    received = []
    with driver.topic_client.reader(topic, consumer="first") as reader:
        while len(received) < 10:
            batch = reader.receive_batch(max_messages=4, timeout=PATIENCE)
            assert 0 < len(batch.messages) <= 4
            received += texts(batch.messages)
            reader.commit_with_ack(batch, timeout=PATIENCE)
    assert received == [f"m{number}" for number in range(10)]


def test_a_producer_learns_its_last_number(driver, topic):
    def numbered(*numbers):
        return [ydb.TopicWriterMessage(f"n{number}", seqno=number) for number in numbers]

    with driver.topic_client.writer(topic, producer_id="pen", auto_seqno=False) as writer:
        writer.write_with_ack(numbered(3, 5), timeout=PATIENCE)
    write(driver, topic, "other", producer_id="brush")
    with driver.topic_client.writer(topic, producer_id="pen", auto_seqno=False) as writer:
        assert writer.wait_init(timeout=PATIENCE).last_seqno == 5
        writer.write_with_ack(numbered(6), timeout=PATIENCE)
    with driver.topic_client.reader(topic, consumer="first") as reader:
        assert [(message.data, message.seqno) for message in read(reader, 4)] == [
            (b"n3", 3),
            (b"n5", 5),
            (b"other", 1),
            (b"n6", 6),
        ]


def test_a_second_writer_of_one_producer_ends_the_first(driver, topic):
    first = driver.topic_client.writer(topic, producer_id="pen")
    first.write_with_ack("one", timeout=PATIENCE)
    write(driver, topic, "two", producer_id="pen")
    with pytest.raises(ydb.issues.BadRequest):
        first.write_with_ack("three", timeout=PATIENCE)
    with pytest.raises(ydb.issues.BadRequest):
        first.close()


def test_an_unknown_consumer_is_refused(driver, topic):
    reader = driver.topic_client.reader(topic, consumer="nobody")
    with pytest.raises(ydb.issues.Error):
        reader.receive_message(timeout=PATIENCE)
    reader.close(flush=False)


def test_async_writers_and_readers(judged, topic):
    async def use():
        async with ydb.aio.Driver(driver_settings(judged)) as driver:
            await driver.wait(PATIENCE, fail_fast=True)
            async with driver.topic_client.writer(topic, producer_id="pen") as writer:
                for number in range(5):
                    await writer.write(f"m{number}")
                await writer.flush()
            async with driver.topic_client.reader(topic, consumer="first") as reader:
                received = []
                while len(received) < 5:
                    batch = await asyncio.wait_for(reader.receive_batch(), PATIENCE)
                    received += texts(batch.messages)
                    await reader.commit_with_ack(batch)
                return received

    assert asyncio.run(use()) == [f"m{number}" for number in range(5)]
