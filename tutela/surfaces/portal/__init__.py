"""The public portal: report without an account, come back with a code."""
