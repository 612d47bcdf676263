"""What clients send: field names, defaults and ranges of the REST contract."""
