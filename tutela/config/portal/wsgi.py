"""The portal's pages, served by WSGI processes of their own."""

import os

from django.core.wsgi import get_wsgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "tutela.config.portal.settings"
application = get_wsgi_application()
