"""Addresses of the desks."""

from allauth.account import views as account
from django.urls import path
from django.views.generic import RedirectView

from digione.web import data_model, demo, duplicates, imports, paths, placements, views

urlpatterns = [
    path("", views.home, name="home"),
    path("groups", views.groups, name="groups"),
    path("groups/<uuid:group>", views.group, name="group"),
    path("people/<uuid:person>", views.person, name="person"),
    path("own", views.own, name="own"),
    path("search", views.search, name="search"),
    path("viewed", views.viewed, name="viewed"),
    path("viewed/<uuid:person>", views.viewed, name="viewed_person"),
    path("duplicates", duplicates.cases, name="duplicates"),
    path("duplicates/<uuid:case>", duplicates.case, name="duplicate"),
    path("duplicates/<uuid:case>/decide", duplicates.decide, name="duplicate_decide"),
    path("duplicates/<uuid:case>/undo", duplicates.undo, name="duplicate_undo"),
    path("placements", placements.queue, name="placements"),
    path("placements/<uuid:learner>", placements.learner, name="placement"),
    path("placements/<uuid:learner>/place", placements.place, name="placement_make"),
    path("placements/<uuid:placement>/undo", placements.undo, name="placement_undo"),
    path("path", paths.path, name="path"),
    path("path/<uuid:person>", paths.path, name="path_person"),
    path("path/<uuid:person>/certificates/<uuid:attainment>", paths.certificate, name="certificate"),
    path("study-rights", paths.to_check, name="study_rights_to_check"),
    path("study-rights/<uuid:learner>", paths.study_rights, name="study_rights"),
    path("study-rights/<uuid:learner>/states/<uuid:state>", paths.state, name="study_state"),
    path("study-rights/<uuid:learner>/rights/<uuid:right>/states", paths.new_state, name="study_new_state"),
    path(
        "study-rights/<uuid:learner>/rights/<uuid:right>/states/<uuid:row>/undo",
        paths.take_back,
        name="study_take_back",
    ),
    path("study-rights/<uuid:learner>/marks/<uuid:mark>", paths.mark, name="study_mark"),
    path("study-rights/<uuid:learner>/undo/<uuid:row>", paths.undo, name="study_undo"),
    path("data-model", data_model.data_model, name="data_model"),
    path("data-model/codes/<str:uri>", data_model.code_list, name="model_codes"),
    path("data-model/<str:resource>", data_model.resource, name="model_resource"),
    path("origin", data_model.origin_of, name="origin_of"),
    path("origin/<uuid:row>", data_model.origin, name="origin"),
    path("imports", imports.imports, name="imports"),
    path("imports/<uuid:run>", imports.import_run, name="import_run"),
    path("imports/<uuid:run>.csv", imports.import_file, name="import_file"),
    path("registers", imports.registers, name="registers"),
    path("registers/<uuid:run>", imports.register_run, name="register_run"),
    path("registers/<uuid:run>.csv", imports.register_file, name="register_file"),
    path("settings", views.settings_page, name="settings"),
    path("role", views.choose_role, name="role"),
    path("language", views.choose_language, name="language"),
    path("theme", views.choose_theme, name="theme"),
    path("static/accent/<slug:colour>.css", views.accent, name="accent"),
    path("demo", demo.pick, name="demo"),
    path("demo.json", demo.listing, name="demo_json"),
    # Only the doors that we use: nobody signs up, and there is no mail to reset a password by.
    path("accounts/login/", account.login, name="account_login"),
    path("accounts/logout/", account.logout, name="account_logout"),
    path("accounts/password/change/", views.change_password, name="account_change_password"),
    path("accounts/inactive/", account.account_inactive, name="account_inactive"),
    path("accounts/signup/", RedirectView.as_view(pattern_name="account_login"), name="account_signup"),
]
