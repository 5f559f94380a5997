"""Files of any size: sealed in chunks, content-addressed within their case, in a folder or elsewhere."""
