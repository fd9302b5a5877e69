from django.db import migrations

from lianfang.kernel.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("tracing", "0001_initial")]
    operations = [
        append_only("tracing_exposure"),
        append_only("tracing_visit"),
        append_only("tracing_contactcall"),
    ]
