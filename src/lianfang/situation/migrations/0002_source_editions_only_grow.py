from django.db import migrations

from lianfang.kernel.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("situation", "0001_initial")]
    operations = [append_only("situation_sourceedition")]
