"""Every way in × every kind of person, taken from the routes themselves."""
