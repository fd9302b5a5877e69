from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("workorders", "0002_entries_only_grow")]

    operations = [migrations.AddField("workorder", "told", models.JSONField(null=True))]
