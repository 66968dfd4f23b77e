-- Up Migration
-- after: 001_orders (whoever places an order there takes a conflict for an order under way)
-- A buyer's orders take their lines from one cart, so they are placed one after the other.
CREATE UNIQUE INDEX orders_checkout ON orders (user_id) WHERE step NOT IN ('undo', 'done');
