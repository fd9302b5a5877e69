from django.urls import path

from . import views

urlpatterns = [
    path("audit/", views.audit, name="audit"),
    path("audit/events.csv", views.audit_export, name="audit-export"),
    path("audit/cases/<uuid:case_id>/", views.audit_case, name="audit-case"),
    path("audit/accounts/<int:user_id>/", views.audit_user, name="audit-user"),
    path("audit/chain/", views.audit_chain, name="audit-chain"),
    path("audit/chain/verify/", views.audit_verify, name="audit-verify"),
]
