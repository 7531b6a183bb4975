from django.urls import path

from residents import views

app_name = "residents"

urlpatterns = [
    path("login/", views.sign_in, name="login"),
    path("logout/", views.sign_out, name="logout"),
    path("me/project/", views.switch_project, name="switch_project"),
    path("me/language/", views.set_language, name="language"),
    path("me/theme/", views.set_theme, name="theme"),
]
