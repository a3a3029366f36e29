select queue, payload, dedupe_key, done_at from outbox limit 0;
