"""The pages of the desk and the API, served by WSGI processes."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tutela.config.settings")
application = get_wsgi_application()
