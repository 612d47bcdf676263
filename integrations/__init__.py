"""Other tools on the same events: each package only reads the log, as any other system may."""
