from tests.tenancy.fill import committed_neighbours, neighbours

__all__ = ["committed_neighbours", "neighbours"]
