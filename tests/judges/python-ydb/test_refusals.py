"""What doesn't work must say so as YDB does."""

import pytest
import ydb

from conftest import PATIENCE, driver_settings


def test_a_wrong_token_is_unauthenticated(judged):
    settings = driver_settings(judged, token="t1.wrong")
    settings.disable_discovery = True
    with ydb.Driver(settings) as driver:
        driver.wait(PATIENCE)
        with pytest.raises(ydb.issues.Unauthenticated):
            driver.scheme_client.list_directory(judged.database)


def test_a_missing_database_is_not_there(judged):
    settings = ydb.DriverConfig(
        judged.endpoint, "/local/none", credentials=ydb.AccessTokenCredentials(judged.token)
    )
    with ydb.Driver(settings) as driver:
        with pytest.raises(Exception) as refused:
            driver.wait(1, fail_fast=True)
    assert not isinstance(refused.value, ydb.issues.Unauthenticated)


def test_a_missing_table_is_a_scheme_error(pool, judged):
    with pytest.raises(ydb.issues.SchemeError) as refused:
        pool.execute_with_retries("SELECT 1;\nSELECT id FROM nothing")
    (issue,) = refused.value.issues
    assert issue.issue_code == 2003
    assert f"Cannot find table 'db.[{judged.database}/nothing]'" in issue.message


def test_a_missing_parameter_is_named(pool):
    with pytest.raises(ydb.issues.BadRequest) as refused:
        pool.execute_with_retries("DECLARE $id AS Uint64; SELECT $id")
    assert "Missing value for parameter: $id" in refused.value.issues[0].message


@pytest.mark.parametrize(
    "text, construct, row, column",
    [
        ("GRANT SELECT ON people TO bob", "GRANT", 1, 1),
        ("SELECT 1;\n  SELECT Digest::Md5('a')", "Digest", 2, 18),
        ("SELECT 1 UNION SELECT 2", "UNION", 1, 16),
        ("SELECT 1\nINTERSECT SELECT 2", "INTERSECT", 2, 1),
        ("SELECT (SELECT 1)", "SELECT", 1, 9),
        ("SELECT 1 FROM a LEFT SEMI JOIN b ON a.x = b.x", "SEMI", 1, 22),
        ("CREATE TOPIC t", "CREATE", 1, 8),
        ("ALTER TABLE t RENAME TO u", "RENAME", 1, 15),
        ("DECLARE $a AS Decimal(22, 9)", "Decimal", 1, 15),
        ("CREATE TABLE t (id Int32, PRIMARY KEY (id)) WITH (STORE = COLUMN)", "STORE", 1, 51),
        ("SELECT id FORM t", "FORM", 1, 11),
    ],
)
def test_what_is_not_understood_is_named_with_its_place(pool, text, construct, row, column):
    with pytest.raises(ydb.issues.GenericError) as refused:
        pool.execute_with_retries(text)
    (issue,) = refused.value.issues
    assert construct in issue.message
    assert (issue.position.row, issue.position.column) == (row, column)


def test_a_table_is_made_once(pool, people):
    text = "CREATE TABLE {} `{}` (id Int32, PRIMARY KEY (id))"
    with pytest.raises(ydb.issues.Error) as refused:
        pool.execute_with_retries(text.format("", people))
    assert "exist" in refused.value.issues[0].message
    pool.execute_with_retries(text.format("IF NOT EXISTS", people))
    pool.execute_with_retries(f"DROP TABLE `{people}`")
    pool.execute_with_retries(f"DROP TABLE IF EXISTS `{people}`")
    with pytest.raises(ydb.issues.SchemeError):
        pool.execute_with_retries(f"DROP TABLE `{people}`")


def test_calls_that_are_not_served_say_so(driver, sessions, people, judged):
    path = f"{judged.database}/{people}"
    with pytest.raises(ydb.issues.Unsupported) as refused:
        sessions.retry_operation_sync(lambda session: session.copy_table(path, f"{path}_copy"))
    assert "CopyTable" in refused.value.issues[0].message
    with pytest.raises(ydb.issues.Unsupported) as refused:
        sessions.retry_operation_sync(lambda session: session.rename_tables([ydb.RenameItem(path, f"{path}_new")]))
    assert "RenameTables" in refused.value.issues[0].message


def test_topics_in_transactions_are_refused_by_name(driver, pool, people, judged):
    path = f"{judged.database}/{people}_topic"
    driver.topic_client.create_topic(path, consumers=["first"])

    def callee(tx):
        driver.topic_client.tx_writer(tx, path).write("text")

    with pytest.raises(ydb.issues.Unsupported) as refused:
        pool.retry_tx_sync(callee)
    assert "transaction" in refused.value.issues[0].message
