"""Reading line lists: bytes or pasted text in, typed values with reasons out. Pure: no Django, no clock, no database.

``tables`` opens a file, ``headers`` says what its columns may mean, ``mapping`` keeps what a person decided,
``rows`` reads every row under that mapping, and ``sentences`` reads pasted case descriptions into the same rows.
"""
