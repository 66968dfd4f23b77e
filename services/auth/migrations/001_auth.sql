-- Up Migration

CREATE TABLE users (
  user_id uuid PRIMARY KEY,
  -- In lower case, so that one address has one account.
  email text NOT NULL UNIQUE,
  display_name text NOT NULL,
  role text NOT NULL CHECK (role IN ('customer', 'admin')),
  password_hash text NOT NULL,
  create_time timestamptz NOT NULL,
  version integer NOT NULL DEFAULT 1
);
CREATE INDEX users_by_role ON users (role, create_time);

CREATE TABLE sessions (
  session_id uuid PRIMARY KEY,
  -- Null: a guest, who has no account and goes by the session's id.
  user_id uuid REFERENCES users ON DELETE CASCADE,
  create_time timestamptz NOT NULL,
  expire_time timestamptz NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expire_time);

CREATE TABLE refresh_tokens (
  -- SHA-256: whoever reads this table cannot use what is in it.
  token_hash bytea PRIMARY KEY,
  session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
  expire_time timestamptz NOT NULL,
  -- Null while the token, or another that was issued beside it, has not been used.
  replaced_time timestamptz
);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expire_time);

CREATE TABLE sign_in_attempts (
  -- SHA-256 of the address: people without an account leave no address here.
  email_hash bytea PRIMARY KEY,
  failures integer NOT NULL,
  last_time timestamptz NOT NULL,
  locked_until_time timestamptz NOT NULL
);
CREATE INDEX sign_in_attempts_by_time ON sign_in_attempts (last_time);

CREATE TABLE signing_keys (
  kid text PRIMARY KEY,
  private_pem text NOT NULL,
  sign_from_time timestamptz NOT NULL,
  sign_until_time timestamptz NOT NULL,
  publish_until_time timestamptz NOT NULL
);
