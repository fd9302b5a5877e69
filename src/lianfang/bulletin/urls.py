from datetime import date

from django.urls import path, register_converter

from . import views


class DayConverter:
    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> date:
        return date.fromisoformat(value)

    def to_url(self, value: date | str) -> str:
        return str(value)


register_converter(DayConverter, "day")

urlpatterns = [
    path("bulletin/", views.bulletin_list, name="bulletin-list"),
    path("bulletin/new/", views.prepare, name="bulletin-prepare"),
    path("bulletin/<uuid:bulletin_id>/", views.sheet, name="bulletin"),
    path("bulletin/<uuid:bulletin_id>/figures/", views.figures, name="bulletin-figures"),
    path("bulletin/<uuid:bulletin_id>/correct/", views.correct, name="bulletin-correct"),
    path("bulletin/<uuid:bulletin_id>/recount/", views.recount, name="bulletin-recount"),
    path("bulletin/<uuid:bulletin_id>/sign/", views.sign, name="bulletin-sign"),
    path("bulletin/<uuid:bulletin_id>/publish/", views.publish, name="bulletin-publish"),
    path("bulletin/<uuid:bulletin_id>/unsign/", views.unsign, name="bulletin-unsign"),
    path("bulletin/<uuid:bulletin_id>/send_back/", views.send_back, name="bulletin-send_back"),
    path("bulletin/<uuid:bulletin_id>/withdraw/", views.withdraw, name="bulletin-withdraw"),
    path("bulletins/", views.public_home, name="bulletins"),
    path("bulletins/feed.json", views.feed_json, name="bulletins-json"),
    path("bulletins/feed.atom", views.feed_atom, name="bulletins-atom"),
    path("bulletins/<slug:code>/", views.public_area, name="bulletins-of-area"),
    path("bulletins/<slug:code>/<day:day>/", views.public_bulletin, name="public-bulletin"),
    path("bulletins/<slug:code>/<day:day>.json", views.public_json, name="public-bulletin-json"),
    path("bulletins/<slug:code>/<day:day>.csv", views.public_csv, name="public-bulletin-csv"),
]
