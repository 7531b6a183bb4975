"""The two embedded servers of one state folder, prepared, and the environment that points the product at them."""

from __future__ import annotations

import os

from servicedesk.runtime.bootstrap import ATTRIBUTES, OWNER, SWEEPER, WEB, Server, bootstrap
from servicedesk.runtime.layout import State
from servicedesk.runtime.postgres import Postgres
from servicedesk.runtime.valkey import Valkey

DATABASE = "servicedesk"


class EmbeddedServices:
    """PostgreSQL and Redis as children of this process. Use as a context manager, from the main thread."""

    def __init__(self, state: State, *, for_tests: bool = False) -> None:
        self.state = state
        self.postgres = Postgres(state, for_tests=for_tests)
        self.redis = Valkey(state)

    def __enter__(self) -> EmbeddedServices:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *failure: object) -> None:
        self.stop()

    def start(self, *, postgres_output: int | None = None, redis_output: int | None = None) -> bool:
        """Start both servers and prepare roles and database. Returns whether the database is new."""
        is_new = self.postgres.make_cluster()
        self.postgres.start(output=postgres_output)
        self.redis.start(output=redis_output)
        passwords = {role: self.state.secret(role) for role in ATTRIBUTES}
        bootstrap(Server.from_url(self.postgres.superuser_url), DATABASE, passwords)
        return is_new

    def stop(self) -> None:
        self.redis.stop()
        self.postgres.stop()

    def environment(self) -> dict[str, str]:
        """This process's environment with the addresses and passwords that the settings read."""
        return {
            **os.environ,
            "DATABASE_URL": self._url(WEB),
            "DATABASE_OWNER_URL": self._url(OWNER),
            "DATABASE_SWEEPER_URL": self._url(SWEEPER),
            "REDIS_URL": self.redis.url,
            "SECRET_KEY": self.state.secret("secret_key"),
            "SD_STATE": str(self.state.folder),
            "PYTHONUNBUFFERED": "1",
            # The dictionary of phrases is 40 MB in every process, and a name is not a phrase.
            "PYPINYIN_NO_PHRASES": "true",
            "PYPINYIN_NO_DICT_COPY": "true",
        }

    def _url(self, role: str) -> str:
        return f"postgres://{role}:{self.state.secret(role)}@127.0.0.1:{self.postgres.port}/{DATABASE}"
