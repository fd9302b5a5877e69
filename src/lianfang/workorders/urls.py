from django.urls import path

from . import views

urlpatterns = [
    path("orders/", views.inbox, name="inbox"),
    path("orders/new/", views.order_new, name="order-new"),
    path("orders/board/", views.board, name="order-board"),
    path("orders/statistics/", views.statistics, name="order-statistics"),
    path("orders/statistics.csv", views.statistics_csv, name="order-statistics-csv"),
    path("orders/rounds/", views.round_list, name="round-list"),
    path("orders/rounds/new/", views.round_new, name="round-new"),
    path("orders/rounds/<uuid:round_id>/", views.round_page, name="round"),
    path("orders/rounds/<uuid:round_id>/stop/", views.round_stop, name="round-stop"),
    path("orders/<uuid:order_id>/", views.order, name="order"),
    path("orders/<uuid:order_id>/assign/", views.order_assign, name="order-assign"),
    path("orders/<uuid:order_id>/hand-over/", views.order_hand_over, name="order-hand-over"),
    path("orders/<uuid:order_id>/proof/", views.order_proof, name="order-proof"),
    path("orders/<uuid:order_id>/photos/<str:name>/", views.photo, name="order-photo"),
    path("orders/<uuid:order_id>/<slug:name>/", views.move, name="order-move"),
]
