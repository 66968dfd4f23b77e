-- Up Migration

-- Which replica's relay takes events out of the outbox for now. Not a lock: no transaction stays open while the log is waited for.
CREATE TABLE relay (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  holder uuid,
  lease_until timestamptz NOT NULL DEFAULT '-infinity'
);

INSERT INTO relay DEFAULT VALUES;
