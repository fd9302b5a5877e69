"""Lianfang (联防): outbreak monitoring and response, from a village grid worker's phone to the provincial situation room."""

__version__ = "0.1.0"
