-- Up Migration
CREATE TABLE stock_adjustments (
  request_id  uuid PRIMARY KEY,
  product_id  text COLLATE "C" NOT NULL REFERENCES products,
  delta       integer NOT NULL,
  create_time timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE reservations (
  order_id    uuid PRIMARY KEY,
  state       text NOT NULL CHECK (state IN ('held', 'confirmed', 'expired', 'released')),
  expire_time timestamptz(3) NOT NULL
);
CREATE INDEX reservations_expiring ON reservations (expire_time) WHERE state = 'held';

-- What is reserved, as the product was when the order first asked for it.
CREATE TABLE reservation_lines (
  order_id                uuid NOT NULL REFERENCES reservations,
  position                integer NOT NULL,
  product_id              text COLLATE "C" NOT NULL REFERENCES products,
  quantity                integer NOT NULL CHECK (quantity > 0),
  name                    text NOT NULL,
  currency_code           text NOT NULL,
  unit_price_minor_units  bigint NOT NULL,
  picture                 jsonb,
  PRIMARY KEY (order_id, position)
);

-- Events that were taken into account, so that a second delivery changes nothing.
CREATE TABLE handled_events (
  event_id    text PRIMARY KEY,
  handle_time timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX handled_events_by_time ON handled_events (handle_time);
