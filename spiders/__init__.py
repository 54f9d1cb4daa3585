"""How pages are found and fetched. Nothing is read for facts here."""
