"""The diagrams of a report, as PNG: plain data in, bytes out."""
