from django.urls import path

from . import views

urlpatterns = [
    path("orders/", views.inbox, name="inbox"),
    path("orders/<uuid:order_id>/<slug:name>/", views.move, name="order-move"),
]
