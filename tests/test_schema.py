"""The tables in code and the schema that the migrations make are the same thing said twice; this holds them together."""

import pytest
from piccolo.columns import Column
from piccolo.table import Table

from crm.database import DB
from piccolo_conf import APP_REGISTRY

TABLES = [table for app in APP_REGISTRY.app_configs.values() for table in app.table_classes]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table._meta.tablename)
async def test_a_table_is_in_the_database_as_it_is_in_code(table):
    rows = await DB._run_in_pool(
        "select column_name, is_nullable from information_schema.columns where table_name = $1 and table_schema = 'public'",
        [table._meta.tablename],
    )

    assert {row["column_name"]: row["is_nullable"] == "YES" for row in rows} == _said_in_code(table)


def _said_in_code(table: type[Table]) -> dict[str, bool]:
    columns: list[Column] = table._meta.columns
    return {column._meta.db_column_name: column._meta.null for column in columns}
