"""The command line: the same verbs and the same rules as the desk and the API."""
