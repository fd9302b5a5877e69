from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("registry", "0003_households_of_a_list")]
    operations = [
        migrations.AddField("organisation", "phone", models.CharField(blank=True, default="", max_length=40), False),
        migrations.AddField("organisation", "designated_for", models.JSONField(default=list)),
        migrations.AddField("organisation", "designated_from", models.DateField(null=True)),
        migrations.AddField("organisation", "designated_until", models.DateField(null=True)),
        migrations.AddField("site", "phone", models.CharField(blank=True, default="", max_length=40), False),
        migrations.AddConstraint(
            "organisation",
            models.CheckConstraint(
                condition=Q(designated_until=None)
                | Q(designated_from=None)
                | Q(designated_until__gte=F("designated_from")),
                name="designation_span",
            ),
        ),
    ]
