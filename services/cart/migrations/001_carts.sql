-- Up Migration

CREATE TABLE carts (
  -- A user's or a guest's id.
  owner uuid PRIMARY KEY,
  -- Past it the cart counts as empty; the purge only frees the space.
  expire_time timestamptz NOT NULL,
  -- The newest requests that added something, newest last, so that a repeated one adds nothing.
  request_ids uuid[] NOT NULL DEFAULT '{}'
);

CREATE INDEX carts_expire_time ON carts (expire_time);

CREATE TABLE lines (
  owner uuid NOT NULL REFERENCES carts ON DELETE CASCADE,
  product_id text NOT NULL,
  quantity int NOT NULL CHECK (quantity BETWEEN 1 AND 99),
  -- Grows with each new line: the order to show.
  position bigint GENERATED ALWAYS AS IDENTITY,
  PRIMARY KEY (owner, product_id)
);

-- Orders whose pieces were taken out of a cart. Apart from the cart, which may be gone before a call is repeated.
CREATE TABLE purchases (
  order_id uuid PRIMARY KEY,
  expire_time timestamptz NOT NULL
);

CREATE INDEX purchases_expire_time ON purchases (expire_time);
