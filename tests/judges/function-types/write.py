"""Makes a topic in the judged database and writes records to it."""

import os
import sys

import ydb

topic, *records = sys.argv[1:]
settings = ydb.DriverConfig(
    os.environ["JUDGE_ENDPOINT"],
    os.environ["JUDGE_DATABASE"],
    credentials=ydb.AccessTokenCredentials(os.environ["JUDGE_TOKEN"]),
)
with ydb.Driver(settings) as driver:
    driver.wait(10, fail_fast=True)
    driver.topic_client.create_topic(topic)
    with driver.topic_client.writer(topic) as writer:
        writer.write([record.encode() for record in records])
        writer.flush()
