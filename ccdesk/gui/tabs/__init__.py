"""The five tabs. Each gets the context handed in and holds no rules of the sync."""
