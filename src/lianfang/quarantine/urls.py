from django.urls import path

from . import personal_views, site_views, views

urlpatterns = [
    path("observed/", views.stay_list, name="stay-list"),
    path("observed/new/", views.stay_new, name="stay-new"),
    path("observed/missed/", views.stay_missed, name="stay-missed"),
    path("observed/releases/", views.stay_releases, name="stay-releases"),
    path("observed/releases/all/", views.stay_release_many, name="stay-release-many"),
    path("observed/needs/", views.need_list, name="need-list"),
    path("observed/needs/<uuid:need_id>/answer/", views.need_answer, name="need-answer"),
    path("observed/counts/", views.stay_counts, name="stay-counts"),
    path("observed/links/<uuid:link_id>/revoke/", views.link_revoke, name="link-revoke"),
    path("observed/<uuid:stay_id>/", views.stay, name="stay"),
    path("observed/<uuid:stay_id>/checkin/", views.stay_checkin, name="stay-checkin"),
    path("observed/<uuid:stay_id>/feverish/", views.stay_feverish, name="stay-feverish"),
    path("observed/<uuid:stay_id>/need/", views.stay_need, name="stay-need"),
    path("observed/<uuid:stay_id>/move/", views.stay_move, name="stay-move"),
    path("observed/<uuid:stay_id>/end/", views.stay_end, name="stay-end"),
    path("observed/<uuid:stay_id>/release/", views.stay_release, name="stay-release"),
    path("observed/<uuid:stay_id>/certificate.pdf", views.stay_certificate, name="stay-certificate"),
    path("observed/<uuid:stay_id>/link/", views.stay_link, name="stay-link"),
    path("isolation/", site_views.isolation_list, name="isolation-list"),
    path("isolation/<uuid:site_id>/", site_views.isolation_site, name="isolation-site"),
    path("isolation/<uuid:site_id>/checkins/", site_views.isolation_checkins, name="isolation-checkins"),
    path("isolation/<uuid:site_id>/rooms/", site_views.isolation_rooms, name="isolation-rooms"),
    path("isolation/rooms/<uuid:room_id>/disinfected/", site_views.room_disinfected, name="room-disinfected"),
    path("doors/", views.doors, name="doors"),
    path("doors/<uuid:stay_id>/", views.door, name="door"),
    path("c/<str:token>/", personal_views.personal, name="personal"),
]
