"""From results to the tables that learning platforms import."""
