"""A table that only grows, held by the database itself: updates and deletes are refused by a trigger."""

from typing import Any

from django.db import migrations


def append_only(table: str, *, may_set: str | None = None) -> migrations.RunPython:
    """Migration step that makes a table append-only. ``may_set`` names a column that may go from NULL to a value once."""

    def forwards(apps: Any, editor: Any) -> None:
        vendor = editor.connection.vendor
        columns = [
            row.name for row in editor.connection.introspection.get_table_description(editor.connection.cursor(), table)
        ]
        kept = [column for column in columns if column != may_set]
        same = "IS NOT DISTINCT FROM" if vendor == "postgresql" else "IS"
        unchanged = " AND ".join(f'NEW."{column}" {same} OLD."{column}"' for column in kept)
        allowed = f'({unchanged} AND OLD."{may_set}" IS NULL)' if may_set else "FALSE"
        message = f"{table} is append-only"
        if vendor == "postgresql":
            editor.execute(
                f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ "
                f"BEGIN RAISE EXCEPTION '{message}'; END $$"
            )
            editor.execute(
                f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW WHEN (NOT {allowed}) "
                f"EXECUTE FUNCTION {table}_append_only()"
            )
            editor.execute(
                f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_append_only()"
            )
        else:
            allowed = allowed.replace("FALSE", "0")
            editor.execute(
                f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW WHEN NOT {allowed} "
                f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
            )
            editor.execute(
                f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW "
                f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
            )

    def backwards(apps: Any, editor: Any) -> None:
        for what in ("update", "delete"):
            on = f" ON {table}" if editor.connection.vendor == "postgresql" else ""
            editor.execute(f"DROP TRIGGER {table}_no_{what}{on}")
        if editor.connection.vendor == "postgresql":
            editor.execute(f"DROP FUNCTION {table}_append_only()")

    return migrations.RunPython(forwards, backwards)
