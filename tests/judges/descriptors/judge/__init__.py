"""Whether recorded REST traffic fits the cloud's own API descriptors.

The operator and the emulator share their model types, so a wrong field, verb,
path or mask would be wrong on both sides and pass every test between them. The
descriptors of the official SDK are a third opinion.

Modules, from the bottom up: `catalogue` knows the methods, `form` how values
are written in JSON, `message` whether a JSON text is a message, `limits` what
its fields may hold, `mask`, `query`, `operation` and `failure` one part of a
call each, `outside` what the descriptors say nothing about, `call` judges one
recorded call, `coverage` what was never seen, `violations` makes bad requests of
a good one. `__main__` reads files and prints.
"""
