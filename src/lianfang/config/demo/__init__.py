"""A synthetic outbreak to look around in: people invented, illness generated from the disease's natural history."""
