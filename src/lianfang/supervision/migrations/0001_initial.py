import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import lianfang.kernel.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="Verification",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=lianfang.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("ordered_at", models.DateTimeField()),
                ("progressed_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("failed", models.BooleanField(default=False)),
                ("events", models.PositiveBigIntegerField(default=0)),
                ("walked", models.PositiveBigIntegerField(default=0)),
                ("seals", models.PositiveBigIntegerField(default=0)),
                ("counts", models.JSONField(default=dict)),
                ("findings", models.JSONField(default=list)),
                (
                    "ordered_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["-ordered_at"], name="verification_newest_first")],
            },
        ),
    ]
