-- Up Migration

-- The row of a topic is locked while records are added to it, so that positions come in the order of commits.
CREATE TABLE topics (
  name text PRIMARY KEY,
  last_position bigint NOT NULL
);

CREATE TABLE records (
  topic text NOT NULL,
  position bigint NOT NULL,
  event_id uuid NOT NULL,
  type text NOT NULL,
  subject text NOT NULL,
  payload bytea NOT NULL,
  publish_time timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (topic, position)
);

CREATE INDEX records_publish_time ON records USING brin (publish_time);

-- How far each group has come, and which of its consumers works for now.
CREATE TABLE consumer_groups (
  topic text NOT NULL,
  name text NOT NULL,
  position bigint NOT NULL DEFAULT 0,
  holder uuid,
  lease_until timestamptz NOT NULL DEFAULT '-infinity',
  PRIMARY KEY (topic, name)
);
