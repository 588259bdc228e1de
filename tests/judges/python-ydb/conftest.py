"""What every scenario gets: drivers of the judged database, names of its own,
and ways to disturb."""

import os
import re
import uuid
from types import SimpleNamespace

import pytest
import ydb

from disturbance import CuttableProxy, Faults

# Longer than anything takes here; shorter than a person's patience.
PATIENCE = 10


@pytest.fixture(scope="session")
def judged():
    """Where the judged database is, as the harness says."""
    return SimpleNamespace(
        endpoint=os.environ["JUDGE_ENDPOINT"],
        database=os.environ["JUDGE_DATABASE"],
        token=os.environ["JUDGE_TOKEN"],
        api=os.environ["JUDGE_API"],
    )


def driver_settings(judged, endpoint=None, token=None):
    return ydb.DriverConfig(
        endpoint or judged.endpoint,
        judged.database,
        credentials=ydb.AccessTokenCredentials(token or judged.token),
    )


@pytest.fixture(scope="session")
def driver(judged):
    with ydb.Driver(driver_settings(judged)) as driver:
        driver.wait(PATIENCE, fail_fast=True)
        yield driver


@pytest.fixture(scope="session")
def pool(driver):
    """Sessions of the query service."""
    with ydb.QuerySessionPool(driver) as pool:
        yield pool


@pytest.fixture(scope="session")
def sessions(driver):
    """Sessions of the table service."""
    with ydb.SessionPool(driver, size=5) as sessions:
        yield sessions


@pytest.fixture
def name(request):
    """A name that no other scenario uses."""
    own = re.sub(r"\W+", "_", request.node.name).strip("_")
    return f"{own}_{uuid.uuid4().hex[:6]}"


@pytest.fixture
def people(pool, name):
    """An empty table: id, name, age, and an index by name."""
    pool.execute_with_retries(
        f"""
        CREATE TABLE `{name}` (
            id Uint64 NOT NULL,
            name Utf8,
            age Int32,
            PRIMARY KEY (id),
            INDEX by_name GLOBAL ON (name)
        )
        """
    )
    return name


@pytest.fixture
def faults(judged):
    faults = Faults(judged.api)
    yield faults
    faults.clear()


@pytest.fixture
def proxy(judged):
    """A way to the database that can be cut."""
    with CuttableProxy(judged.endpoint) as proxy:
        yield proxy
