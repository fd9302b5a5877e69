"""What every part may use: refusals, workflow tables, events and audit, access, sealed fields, the clock, ids."""
