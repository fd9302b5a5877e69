from django.urls import path

from . import alerts_views, by_area_views, chains_views, risk_views, sources_views, views

urlpatterns = [
    path("situation/", views.situation, name="situation"),
    path("situation/report.pdf", views.report, name="situation-report"),
    path("situation/shapes/<str:code>.json", views.shapes, name="situation-shapes"),
    path("situation/chains/", chains_views.page_of_chains, name="chains"),
    path("situation/chains/picture.json", chains_views.picture, name="chains-picture"),
    path("situation/chains/links.csv", chains_views.links, name="chains-links"),
    path("situation/chains/chains.graphml", chains_views.graph, name="chains-graph"),
    path("situation/risk/", risk_views.risk, name="risk"),
    path("situation/risk/areas.csv", risk_views.risk_table, name="risk-table"),
    path("situation/sources/", sources_views.compare_sources, name="situation-sources"),
    path("situation/signals/", alerts_views.signals, name="situation-signals"),
    path("situation/signals.csv", alerts_views.signals_table, name="situation-signals-table"),
    path("situation/by-area/", by_area_views.by_area, name="situation-by-area"),
    path("situation/by-area.csv", by_area_views.by_area_table, name="situation-by-area-table"),
    path("situation/<slug:what>.csv", views.table, name="situation-table"),
]
