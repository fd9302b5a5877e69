from django.urls import path

from . import case_views, views

urlpatterns = [
    path("contacts/", views.contact_list, name="contact-list"),
    path("contacts/search/", views.contact_search, name="contact-search"),
    path("contacts/export.csv", views.contact_export, name="contact-export"),
    path("contacts/offers/", views.offers, name="contact-offers"),
    path("contacts/offers/<uuid:offer_id>/", views.offer_answer, name="contact-offer-answer"),
    path("contacts/<uuid:contact_id>/", views.contact, name="contact"),
    path("contacts/<uuid:contact_id>/call/", views.contact_call, name="contact-call"),
    path("contacts/<uuid:contact_id>/exposures/", views.contact_expose, name="contact-expose"),
    path("contacts/<uuid:contact_id>/hand-over/", views.contact_hand_over, name="contact-hand-over"),
    path("contacts/<uuid:contact_id>/notify/", views.contact_notify, name="contact-notify"),
    path("presence/new/", case_views.presence_new, name="presence-new"),
    path("cases/<uuid:case_id>/contacts/", case_views.tracing, name="tracing"),
    path("cases/<uuid:case_id>/contacts/new/", case_views.contact_new, name="contact-new"),
    path("cases/<uuid:case_id>/contacts/paste/", case_views.contact_paste, name="contact-paste"),
    path("cases/<uuid:case_id>/contacts/found/", case_views.contact_found, name="contact-found"),
    path("cases/<uuid:case_id>/contacts/done/", case_views.tracing_done, name="tracing-done"),
    path("cases/<uuid:case_id>/visits/", case_views.visit_record, name="visit-record"),
    path("cases/<uuid:case_id>/visits/<uuid:visit_id>/retract/", case_views.visit_retract, name="visit-retract"),
    path("cases/<uuid:case_id>/links/", case_views.link_state, name="link-state"),
]
