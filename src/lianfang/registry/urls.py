from django.urls import path

from . import views

urlpatterns = [
    path("persons/duplicates/", views.duplicate_list, name="duplicate-list"),
    path("persons/duplicates/<uuid:pair_id>/", views.duplicate, name="duplicate"),
    path("persons/duplicates/<uuid:pair_id>/decide/", views.duplicate_decide, name="duplicate-decide"),
]
