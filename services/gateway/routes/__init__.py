"""The REST contract, a file per noun."""
