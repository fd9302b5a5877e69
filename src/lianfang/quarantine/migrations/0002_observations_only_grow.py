from django.db import migrations

from lianfang.kernel.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("quarantine", "0001_initial")]
    operations = [
        append_only("quarantine_stayentry"),
        append_only("quarantine_checkin"),
        append_only("quarantine_need"),
        append_only("quarantine_needanswer"),
        append_only("quarantine_personallink", may_set="revoked_at"),
    ]
