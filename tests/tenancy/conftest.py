from tests.tenancy.fill import committed_neighbours, neighbours, standing_neighbours

__all__ = ["committed_neighbours", "neighbours", "standing_neighbours"]
