"""Both services with the outbox shut: reads go through, writes are answered here (design §8, `--dry-run`)."""
