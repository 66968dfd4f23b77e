-- Up Migration

-- Events that are true but not published yet; the relay takes them away in the order of their ids.
CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event_id uuid NOT NULL,
  topic text NOT NULL,
  type text NOT NULL,
  subject text NOT NULL,
  payload bytea NOT NULL,
  append_time timestamptz NOT NULL DEFAULT now()
);

-- Events that a group of this service could not handle; kept until a replay succeeds.
CREATE TABLE dead_letters (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  topic text NOT NULL,
  group_name text NOT NULL,
  event_id uuid NOT NULL,
  type text NOT NULL,
  subject text NOT NULL,
  payload bytea NOT NULL,
  error text NOT NULL,
  attempts integer NOT NULL,
  create_time timestamptz NOT NULL DEFAULT now(),
  UNIQUE (topic, group_name, event_id)
);
