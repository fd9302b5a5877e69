import django.db.models.deletion
import lianfang.kernel.ids
import lianfang.kernel.models
import lianfang.kernel.sealing
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("registry", "0002_sites"),
        ("surveillance", "0002_observations_only_grow"),
        ("tracing", "0002_entries_only_grow"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="WrongTries",
            fields=[
                ("address", models.BinaryField(max_length=16, primary_key=True, serialize=False)),
                ("count", models.PositiveIntegerField()),
                ("last_at", models.DateTimeField()),
                ("turned_away", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Need",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=lianfang.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.CharField(max_length=20)),
                ("words", lianfang.kernel.sealing.SealedText(blank=True)),
                ("asked_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("told_by", models.CharField(max_length=12)),
                ("channel", models.CharField(max_length=12)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="NeedAnswer",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=lianfang.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("words", lianfang.kernel.sealing.SealedText(blank=True)),
                ("closes", models.BooleanField(default=False)),
                ("recorded_at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "need",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="answers", to="quarantine.need"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Room",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=lianfang.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=20)),
                ("capacity", models.PositiveSmallIntegerField(default=1)),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="rooms", to="registry.site"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Stay",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=lianfang.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("disease", models.CharField(max_length=40)),
                ("home_path", lianfang.kernel.models.AreaPath(blank=True, max_length=120)),
                ("opened_at", models.DateTimeField()),
                ("status", models.CharField(default="awaited", max_length=10)),
                ("grounds", models.CharField(max_length=20)),
                ("notice", models.CharField(blank=True, max_length=60)),
                ("began_at", models.DateTimeField(null=True)),
                ("release_on", models.DateField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("reason", models.CharField(blank=True, max_length=30)),
                ("path", lianfang.kernel.models.AreaPath(max_length=120)),
                ("last_check_at", models.DateTimeField(null=True)),
                ("alarmed_at", models.DateTimeField(null=True)),
                ("next_due_at", models.DateTimeField(null=True)),
                ("called_for", models.DateTimeField(null=True)),
                ("visited_for", models.DateTimeField(null=True)),
                (
                    "case",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="stays",
                        to="surveillance.case",
                    ),
                ),
                (
                    "contact",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="stays",
                        to="tracing.contact",
                    ),
                ),
                (
                    "opened_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, to="registry.organisation"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="stays", to="registry.person"
                    ),
                ),
                (
                    "room",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="stays",
                        to="quarantine.room",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="stays", to="registry.site"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PersonalLink",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=lianfang.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("told_by", models.CharField(default="self", max_length=12)),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                ("made_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "stay",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="links", to="quarantine.stay"
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="need",
            name="stay",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="needs", to="quarantine.stay"
            ),
        ),
        migrations.CreateModel(
            name="CheckIn",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=lianfang.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("observed_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("told_by", models.CharField(max_length=12)),
                ("channel", models.CharField(max_length=12)),
                ("temperature", models.DecimalField(decimal_places=1, max_digits=3, null=True)),
                ("symptoms", models.JSONField(default=list)),
                ("words", lianfang.kernel.sealing.SealedText(blank=True)),
                ("retracted", models.BooleanField(default=False)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "corrects",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="corrections",
                        to="quarantine.checkin",
                    ),
                ),
                (
                    "stay",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="checkins",
                        to="quarantine.stay",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="StayEntry",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=lianfang.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.CharField(max_length=10)),
                ("happened_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("channel", models.CharField(max_length=12)),
                ("retracted", models.BooleanField(default=False)),
                ("last_on", models.DateField(null=True)),
                ("owes", models.BooleanField(default=False)),
                ("edition", models.CharField(blank=True, max_length=20)),
                ("path", lianfang.kernel.models.AreaPath(blank=True, max_length=120)),
                ("reason", models.CharField(blank=True, max_length=30)),
                ("notice", models.CharField(blank=True, max_length=60)),
                ("words", lianfang.kernel.sealing.SealedText(blank=True)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="surveillance.case"
                    ),
                ),
                (
                    "corrects",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="corrections",
                        to="quarantine.stayentry",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.organisation",
                    ),
                ),
                (
                    "room",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="quarantine.room"
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.site"
                    ),
                ),
                (
                    "stay",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="entries", to="quarantine.stay"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="StayVersion",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("recorded_at", models.DateTimeField()),
                ("superseded_at", models.DateTimeField(null=True)),
                ("disease", models.CharField(max_length=40)),
                ("status", models.CharField(max_length=10)),
                ("reason", models.CharField(blank=True, max_length=30)),
                ("path", lianfang.kernel.models.AreaPath(max_length=120)),
                ("release_on", models.DateField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "organisation",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, to="registry.organisation"
                    ),
                ),
                (
                    "stay",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="quarantine.stay"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="room",
            constraint=models.UniqueConstraint(fields=("site", "name"), name="room_once_in_its_site"),
        ),
        migrations.AddConstraint(
            model_name="room",
            constraint=models.CheckConstraint(condition=models.Q(("capacity__gte", 1)), name="room_has_a_bed"),
        ),
        migrations.AddIndex(
            model_name="stay",
            index=models.Index(
                condition=models.Q(("status", "observed")), fields=["path", "next_due_at"], name="stay_missing_by_area"
            ),
        ),
        migrations.AddIndex(
            model_name="stay",
            index=models.Index(condition=models.Q(("status", "observed")), fields=["next_due_at"], name="stay_missing"),
        ),
        migrations.AddIndex(
            model_name="stay",
            index=models.Index(
                condition=models.Q(("status", "observed")), fields=["path", "release_on"], name="stay_release_by_area"
            ),
        ),
        migrations.AddIndex(
            model_name="stay",
            index=models.Index(fields=["path", "status"], name="stay_by_area"),
        ),
        migrations.AddIndex(
            model_name="stay",
            index=models.Index(fields=["home_path"], name="stay_by_home"),
        ),
        migrations.AddConstraint(
            model_name="stay",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ("awaited", "observed", "lost"))),
                fields=("person", "disease"),
                name="person_in_one_stay_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="stay",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", False), ("status__in", ("released", "ended"))),
                    models.Q(("ended_at", None), ("status__in", ("awaited", "observed", "lost"))),
                    _connector="OR",
                ),
                name="stay_ends_when_it_says_so",
            ),
        ),
        migrations.AddConstraint(
            model_name="stay",
            constraint=models.CheckConstraint(
                condition=models.Q(("room", None), ("site__isnull", False), _connector="OR"), name="a_room_is_in_a_site"
            ),
        ),
        migrations.AddConstraint(
            model_name="stay",
            constraint=models.CheckConstraint(
                condition=models.Q(("next_due_at", None), ("status", "observed"), _connector="OR"),
                name="only_the_observed_owe_a_check_in",
            ),
        ),
        migrations.AddConstraint(
            model_name="personallink",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_at__gt", models.F("made_at"))), name="a_link_ends_after_it_is_made"
            ),
        ),
        migrations.AddIndex(
            model_name="checkin",
            index=models.Index(fields=["stay", "observed_at"], name="checkin_of_stay"),
        ),
        migrations.AddConstraint(
            model_name="checkin",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("temperature", None), models.Q(("temperature__gte", 30), ("temperature__lte", 45)), _connector="OR"
                ),
                name="a_living_temperature",
            ),
        ),
        migrations.AddConstraint(
            model_name="checkin",
            constraint=models.CheckConstraint(
                condition=models.Q(("retracted", False), ("corrects__isnull", False), _connector="OR"),
                name="checkin_retracted_is_named",
            ),
        ),
        migrations.AddIndex(
            model_name="stayentry",
            index=models.Index(fields=["stay", "happened_at"], name="stayentry_of_stay"),
        ),
        migrations.AddConstraint(
            model_name="stayentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("retracted", False), ("corrects__isnull", False), _connector="OR"),
                name="what_is_retracted_is_named",
            ),
        ),
        migrations.AddConstraint(
            model_name="stayentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "exposure"), _negated=True), ("last_on__isnull", False), _connector="OR"
                ),
                name="an_exposure_has_its_last_day",
            ),
        ),
        migrations.AddIndex(
            model_name="stayversion",
            index=models.Index(fields=["path", "recorded_at"], name="stayversion_by_area"),
        ),
        migrations.AddConstraint(
            model_name="stayversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("superseded_at", None)), fields=("stay",), name="stay_has_one_current_version"
            ),
        ),
        migrations.AddConstraint(
            model_name="stayversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("superseded_at", None), ("superseded_at__gte", models.F("recorded_at")), _connector="OR"
                ),
                name="stay_version_span",
            ),
        ),
    ]
