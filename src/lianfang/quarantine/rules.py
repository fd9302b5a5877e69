"""People under observation as pure decisions."""
