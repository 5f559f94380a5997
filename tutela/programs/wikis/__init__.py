"""What wikis send us, and captures of what they show."""
