from django.urls import path

from . import views

urlpatterns = [
    path("situation/", views.situation, name="situation"),
    path("situation/report.pdf", views.report, name="situation-report"),
    path("situation/shapes/<str:code>.json", views.shapes, name="situation-shapes"),
    path("situation/<slug:what>.csv", views.table, name="situation-table"),
]
