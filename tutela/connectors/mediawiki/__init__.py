"""MediaWiki: reads pages and revisions, as anybody may, over its own API."""
