"""The routes of the REST contract as methods, one file per area."""
