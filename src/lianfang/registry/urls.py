from django.urls import path

from . import account_views, area_views, place_views, views

urlpatterns = [
    path("areas/search/", area_views.area_search, name="area-search"),
    path("persons/duplicates/", views.duplicate_list, name="duplicate-list"),
    path("persons/duplicates/<uuid:pair_id>/", views.duplicate, name="duplicate"),
    path("persons/duplicates/<uuid:pair_id>/decide/", views.duplicate_decide, name="duplicate-decide"),
    path("places/", place_views.place_list, {"what": "organisation"}, name="place-index"),
    path("places/<slug:what>/", place_views.place_list, name="place-list"),
    path("places/<slug:what>/search/", place_views.place_search, name="place-search"),
    path("places/<slug:what>/new/", place_views.place_new, name="place-new"),
    path("places/<slug:what>/list/", place_views.place_enter_list, name="place-enter-list"),
    path("places/<slug:what>/<uuid:place_id>/", place_views.place, name="place"),
    path("accounts/", account_views.account_list, name="account-list"),
    path("accounts/new/", account_views.account_new, name="account-new"),
    path("accounts/<int:user_id>/", account_views.account, name="account"),
    path("accounts/<int:user_id>/posts/", account_views.account_give, name="account-give"),
    path("accounts/<int:user_id>/posts/<int:post_id>/end/", account_views.account_end, name="account-end"),
    path("accounts/<int:user_id>/active/", account_views.account_active, name="account-active"),
    path("accounts/<int:user_id>/password/", account_views.account_password, name="account-password"),
    path("accounts/<int:user_id>/tokens/", account_views.account_token, name="account-token"),
    path("accounts/<int:user_id>/tokens/<int:token_id>/revoke/", account_views.account_revoke, name="account-revoke"),
]
