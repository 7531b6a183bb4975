"""Everything between `make up` and Django: the environment, the embedded servers and the processes.

Nothing here needs Django to be set up: the supervisor stays small, and no broken setting can keep it from saying so.
"""
