from django.db import migrations

from lianfang.kernel.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("kernel", "0001_initial")]
    operations = [append_only("kernel_event", may_set="seal_id"), append_only("kernel_seal")]
