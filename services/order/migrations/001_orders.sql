-- Up Migration
CREATE TABLE orders (
  order_id uuid PRIMARY KEY,
  user_id uuid NOT NULL,
  request_id uuid NOT NULL,
  -- What was asked for with the request id, to notice that it is used for something else.
  fingerprint text NOT NULL,
  status smallint NOT NULL,
  -- The order as its contract describes it, in proto3 JSON.
  document jsonb NOT NULL,
  -- The next step of the checkout; recorded before it is taken.
  step text NOT NULL CHECK (step IN ('reserve', 'pay', 'confirm', 'clear_cart', 'undo', 'done')),
  -- The payment provider's name for the card; never the card.
  payment_token text NOT NULL,
  expected_total bigint,
  -- What the failure of a cancelled order tells programs.
  failure jsonb NOT NULL DEFAULT '{}',
  reserved_until timestamptz,
  -- Grows with every change; whoever saves must have seen the latest.
  version integer NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  -- When somebody may take the next step: the end of a lease or of a pause after a failure.
  due_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (user_id, request_id)
);
CREATE INDEX orders_by_user ON orders (user_id, created_at DESC, order_id DESC);
CREATE INDEX orders_by_time ON orders (created_at DESC, order_id DESC);
CREATE INDEX orders_unfinished ON orders (due_at) WHERE step <> 'done';
CREATE INDEX orders_under_way ON orders (updated_at) WHERE step = 'done' AND status IN (2, 3);

CREATE TABLE refunds (
  request_id uuid PRIMARY KEY,
  order_id uuid NOT NULL REFERENCES orders,
  amount bigint NOT NULL CHECK (amount > 0),
  done boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX refunds_unfinished ON refunds (created_at) WHERE NOT done;
