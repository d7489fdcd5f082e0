"""Reverse auctions (竞价): suppliers bid a lot down, live, by the database's clock and order."""
