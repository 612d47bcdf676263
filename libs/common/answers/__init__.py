"""What the REST routes answer, as typed dictionaries: the source of /openapi.json and the page."""
