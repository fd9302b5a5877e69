from django.urls import path

from . import views

urlpatterns = [
    path("cases/", views.case_list, name="case-list"),
    path("cases/new/", views.case_new, name="case-new"),
    path("cases/search/", views.case_search, name="case-search"),
    path("cases/export.csv", views.case_export, name="case-export"),
    path("cases/<uuid:case_id>/", views.case, name="case"),
    path("cases/<uuid:case_id>/review/", views.case_review, name="case-review"),
    path("cases/<uuid:case_id>/investigation/", views.case_investigate, name="case-investigate"),
    path("cases/<uuid:case_id>/person/", views.case_person, name="case-person"),
    path("cases/<uuid:case_id>/duplicate/", views.case_duplicate, name="case-duplicate"),
    path("cases/<uuid:case_id>/household/", views.case_household, name="case-household"),
    path("cases/<uuid:case_id>/evidence/<slug:kind>/", views.case_observe, name="case-observe"),
]
