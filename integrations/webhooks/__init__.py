"""Signed POSTs of events to addresses of the operator's choice: in order, until they are taken."""
