-- Up Migration
CREATE TABLE categories (
  category_id text COLLATE "C" PRIMARY KEY,
  name        text NOT NULL,
  description text NOT NULL,
  picture     jsonb,
  position    integer NOT NULL
);

-- Deleted products stay, marked: reservations and orders go on referring to them, and their ids are never used again.
CREATE TABLE products (
  product_id        text COLLATE "C" PRIMARY KEY,
  name              text NOT NULL,
  name_key          text COLLATE "C" NOT NULL,
  description       text NOT NULL,
  category_id       text COLLATE "C" NOT NULL REFERENCES categories,
  currency_code     text NOT NULL,
  price_minor_units bigint NOT NULL,
  stock             integer NOT NULL CHECK (stock >= 0),
  sold_count        bigint NOT NULL DEFAULT 0,
  pictures          jsonb NOT NULL,
  attributes        jsonb NOT NULL,
  words             tsvector NOT NULL,
  near              tsvector NOT NULL,
  etag              text NOT NULL,
  -- Milliseconds, so that a page token holds the exact value.
  create_time       timestamptz(3) NOT NULL DEFAULT now(),
  update_time       timestamptz(3) NOT NULL DEFAULT now(),
  delete_time       timestamptz(3)
) WITH (fillfactor = 80); -- Room for new versions of a row: stock changes with every order.

CREATE INDEX products_search ON products USING gin (words, near);
CREATE INDEX products_category ON products (category_id) WHERE delete_time IS NULL;
CREATE INDEX products_popular ON products ((sold_count * 1048576 + (hashtextextended(product_id, 0) & 1048575)) DESC, product_id DESC) WHERE delete_time IS NULL;
CREATE INDEX products_newest ON products (create_time, product_id) WHERE delete_time IS NULL;
CREATE INDEX products_price ON products (price_minor_units, product_id) WHERE delete_time IS NULL;
CREATE INDEX products_name ON products (name_key, product_id) WHERE delete_time IS NULL;
