import { expect, it } from "vitest";
import { createProgressView } from "./progress.ts";

function view(isTTY: boolean) {
  let ms = 1_000;
  let text = "";
  const shown = createProgressView({ isTTY, write: (it) => (text += it) }, () => ms);
  const show = (collection: string, done: number, total: number | undefined, passMs: number) => {
    ms += passMs;
    shown.show({ phase: "copying", collection, done, total });
  };
  return { show, done: () => shown.done(), text: () => text };
}

it("rewrites one line at a terminal, not too often", () => {
  const { show, done, text } = view(true);
  show("order.orders", 0, 900, 0);
  show("order.orders", 500, 900, 1_000);
  show("order.orders", 600, 900, 10);
  show("order.orders", 900, 900, 1_000);
  done();
  expect(text().split("\r\x1b[K")).toEqual([
    "",
    "copying order.orders: 0 of 900",
    "copying order.orders: 500 of 900, 500/s",
    "copying order.orders: 900 of 900, 448/s",
    "",
  ]);
});

it("writes a line for each collection elsewhere, and more only when it takes long", () => {
  const { show, done, text } = view(false);
  show("cart.purchases", 0, 0, 0);
  show("order.orders", 0, 900, 0);
  show("order.orders", 500, 900, 11_000);
  show("order.orders", 900, 900, 10);
  show("cart.carts", 5, undefined, 10);
  show("cart.carts", 7, undefined, 10);
  done();
  expect(text().trimEnd().split("\n")).toEqual([
    "copying order.orders: 500 of 900, 45/s",
    "copying order.orders: 900 of 900, 82/s",
    "copying cart.carts: 7",
  ]);
});
