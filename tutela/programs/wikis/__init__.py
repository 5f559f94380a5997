"""What wikis send us and how they speak of their pages: read here, with no request to any wiki."""
