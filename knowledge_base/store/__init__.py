"""The database: the only place that speaks SQL. Rows go in and out as frozen values."""
