"""The schema: migrations lead to it, it agrees with the declared containers, and queries find its indexes."""

import contextlib
import re
import sqlite3
from pathlib import Path

import pytest

from store.containers import CONTAINERS
from store.contract import Op, StoreError, Where
from store.paging import Question
from store.sqlite_file import MIGRATIONS, SCHEMA, migrate
from store.sqlite_query import changes_sql, page_sql
from store.sqlite_writer import SQL_DROP

FIELDS = [(one.name, field) for one in CONTAINERS.values() for field in one.fields]


def memory() -> contextlib.closing[sqlite3.Connection]:
    return contextlib.closing(sqlite3.connect(":memory:", isolation_level=None))


def shape(db: sqlite3.Connection) -> dict[str, str]:
    rows = db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {name: re.sub(r"\s+", " ", sql) for name, sql in rows}


def test_the_migrations_lead_to_the_schema() -> None:
    with memory() as migrated, memory() as fresh:
        migrate(migrated, MIGRATIONS)
        fresh.executescript(SCHEMA.read_text("utf-8"))
        assert shape(migrated) == shape(fresh)
        for sql in ("SELECT * FROM clock", "SELECT * FROM sqlite_stat1 ORDER BY tbl, idx"):
            assert migrated.execute(sql).fetchall() == fresh.execute(sql).fetchall() != []


def test_migrations_are_numbered_without_a_gap() -> None:
    numbers = [int(file.name[:4]) for file in sorted(MIGRATIONS.glob("*.sql"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_migrating_again_changes_nothing() -> None:
    with memory() as db:
        migrate(db, MIGRATIONS)
        db.execute("UPDATE clock SET seq = 7")
        before = shape(db)
        migrate(db, MIGRATIONS)
        assert shape(db) == before
        assert db.execute("SELECT seq FROM clock").fetchone() == (7,)


def test_only_the_migrations_that_are_missing_are_applied(tmp_path: Path) -> None:
    with memory() as db:
        (tmp_path / "0001_first.sql").write_text("CREATE TABLE a (x);\n")
        migrate(db, tmp_path)
        (tmp_path / "0002_second.sql").write_text("-- a remark; with a semicolon\nCREATE TABLE b (x);\nDROP TABLE a;\n")
        migrate(db, tmp_path)
        assert set(shape(db)) == {"b"}
        assert db.execute("PRAGMA user_version").fetchone() == (2,)


def test_a_migration_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with memory() as db:
        (tmp_path / "0001_first.sql").write_text("CREATE TABLE a (x);\n")
        (tmp_path / "0002_second.sql").write_text("CREATE TABLE b (x);\nCREATE TABLE b (x);\n")
        with pytest.raises(sqlite3.OperationalError, match="already exists"):
            migrate(db, tmp_path)
        assert shape(db) == {}
        assert db.execute("PRAGMA user_version").fetchone() == (0,)


def test_a_newer_schema_is_refused() -> None:
    with memory() as db:
        db.execute("PRAGMA user_version = 99")
        with pytest.raises(StoreError, match="99"):
            migrate(db, MIGRATIONS)
        assert not db.in_transaction


def test_the_schema_has_a_table_for_each_container_and_an_index_for_each_field() -> None:
    with memory() as db:
        migrate(db, MIGRATIONS)
        names = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        indexes = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE INDEX%'")}
    assert names - {"sqlite_stat1", "sqlite_stat4"} == {"clock", *CONTAINERS}
    expected = {f"{name}_{field}" for name, field in FIELDS}
    expected |= {f"{one.name}_id" for one in CONTAINERS.values() if one.partition != "id"}
    expected |= {f"{one.name}_expires" for one in CONTAINERS.values() if one.expires}
    assert indexes == expected


def plan_of(question: Question) -> str:
    sql, params = page_sql(question, None, now=0.0, limit=10)
    with memory() as db:
        migrate(db, MIGRATIONS)
        db.execute("ANALYZE sqlite_schema")  # reads the statistics, as opening the file again does
        return "; ".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}", params))


def partition_for(container: str, field: str) -> str | None:
    one = CONTAINERS[container]
    return None if one.partition == "id" or field in one.across else "p"


@pytest.mark.parametrize(("container", "field"), [one for one in FIELDS if one[1] != "kind"])  # too many share a kind
@pytest.mark.parametrize(("op", "value"), [(Op.EQ, "x"), (Op.EQ, 5), (Op.IN, ["x"])])
def test_every_telling_field_is_found_by_its_index(container: str, field: str, op: Op, value: object) -> None:
    where = [Where(field, op, value)]
    plan = plan_of(Question(container, partition_for(container, field), where, "id", descending=False))
    assert f"SEARCH {container} USING INDEX {container}_{field} (" in plan


@pytest.mark.parametrize(("container", "field"), FIELDS)
@pytest.mark.parametrize("descending", [False, True])
def test_an_order_by_a_declared_field_sorts_nothing(container: str, field: str, *, descending: bool) -> None:
    question = Question(container, partition_for(container, field), [], field, descending=descending)
    plan = plan_of(question)
    assert f"USING INDEX {container}_{field}" in plan
    assert "TEMP B-TREE" not in plan


def test_the_most_telling_field_is_the_one_that_is_searched() -> None:
    where = [Where("kind", Op.EQ, "delivery"), Where("state", Op.IN, ["planned"]), Where("slice", Op.EQ, 5)]
    assert "USING INDEX runs_slice (" in plan_of(Question("runs", "r", where, "id", descending=False))


@pytest.mark.parametrize("container", CONTAINERS)
def test_the_order_by_id_sorts_nothing(container: str) -> None:
    partitions = [None] if CONTAINERS[container].partition == "id" else [None, "p"]  # one document needs no order
    for partition in partitions:
        assert "TEMP B-TREE" not in plan_of(Question(container, partition, [], "id", descending=False))


@pytest.mark.parametrize("container", CONTAINERS)
def test_changes_are_found_by_their_sequence_number(container: str) -> None:
    sql, params = changes_sql(container, 5, now=0.0, limit=10)
    with memory() as db:
        migrate(db, MIGRATIONS)
        plan = "; ".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}", params))
    assert f"USING INDEX {container}_seq (seq>?)" in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize("container", CONTAINERS)
def test_what_is_deleted_is_found_by_its_key_however_much_there_is(container: str) -> None:
    with memory() as db:
        migrate(db, MIGRATIONS)
        db.execute("ANALYZE sqlite_schema")
        plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {SQL_DROP[container]}", ("[]",))]
    assert [one for one in plan if one.startswith(f"SEARCH {container} USING") and "partition=?" in one], plan
    assert not [one for one in plan if f"SCAN {container}" in one], plan
