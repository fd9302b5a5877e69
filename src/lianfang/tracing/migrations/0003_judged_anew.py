from django.db import migrations, models

import lianfang.kernel.sealing
from lianfang.kernel.append_only import append_only

GUARDED = ("tracing_exposure", "tracing_contactcall")


def unguarded(table: str) -> migrations.RunPython:
    """Take the guard away for as long as columns are added: SQLite writes the whole table anew."""
    guard = append_only(table)
    assert guard.reverse_code is not None
    return migrations.RunPython(guard.reverse_code, guard.code)


class Migration(migrations.Migration):
    dependencies = [("tracing", "0002_entries_only_grow")]
    operations = [
        *(unguarded(table) for table in GUARDED),
        migrations.AddField("exposure", "window_from", models.DateField(null=True)),
        migrations.AddField("exposure", "rejudged", models.BooleanField(default=False)),
        migrations.AddField("contactcall", "reason", lianfang.kernel.sealing.SealedText(blank=True)),
        *(append_only(table) for table in GUARDED),
    ]
