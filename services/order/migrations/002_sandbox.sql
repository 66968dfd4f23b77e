-- Up Migration
-- The books of the built-in payment provider. They stand for an outside system: the order's own transactions never
-- touch them.
CREATE TABLE sandbox_methods (
  token text PRIMARY KEY,
  brand text NOT NULL,
  last4 text NOT NULL,
  behaviour text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE sandbox_charges (
  order_id uuid PRIMARY KEY,
  token text REFERENCES sandbox_methods,
  currency text NOT NULL,
  amount bigint NOT NULL CHECK (amount >= 0),
  refunded bigint NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND amount),
  status text NOT NULL CHECK (status IN ('authorized', 'captured', 'voided', 'declined')),
  decline_code text NOT NULL DEFAULT '',
  -- Nothing may be charged for this order any more.
  barred boolean NOT NULL DEFAULT false,
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE sandbox_refunds (
  refund_id text PRIMARY KEY,
  order_id uuid NOT NULL REFERENCES sandbox_charges,
  amount bigint NOT NULL CHECK (amount > 0),
  created_at timestamptz NOT NULL DEFAULT now()
);
