from django.urls import path

from . import contact_files, views

urlpatterns = [
    path("cases/<uuid:case_id>/contacts/file/", contact_files.contact_file, name="contact-file"),
    path("cases/<uuid:case_id>/contacts/refused/", contact_files.contact_refused, name="contact-refused"),
    path("import/", views.import_list, name="import-list"),
    path("import/<uuid:run_id>/", views.import_page, name="import"),
    path("import/<uuid:run_id>/again/", views.import_again, name="import-again"),
    path("import/<uuid:run_id>/mapping/", views.import_use_mapping, name="import-use-mapping"),
    path("import/<uuid:run_id>/undo/", views.import_undo, name="import-undo"),
    path("import/<uuid:run_id>/restore/", views.import_restore, name="import-restore"),
    path("import/<uuid:run_id>/discard/", views.import_discard, name="import-discard"),
    path("import/<uuid:run_id>/refused.csv", views.import_refused, name="import-refused"),
]
