"""Findings of a dataset check in the formats that CI systems read: pure functions."""

from libs.client.reports.gate import is_bad, too_bad
from libs.client.reports.junit import junit
from libs.client.reports.sarif import sarif

__all__ = ["is_bad", "junit", "sarif", "too_bad"]
