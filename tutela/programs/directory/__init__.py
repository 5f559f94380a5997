"""Agencies, helplines, emergency numbers and community venues, each with the day it was last verified."""
