"""The pages of every kind of ticket. What a kind adds comes through `tickets.kinds`."""
