"""Tracing as pure decisions: whose contact somebody is, in which category, and what is still to be asked."""
