import type { Json } from "#kit/portable/canonical.ts";
import { BATCH_RECORDS, type Collection, chunksOf, type Entry } from "#kit/portable/collection.ts";

/** What was put right between engines that were read one after the other. */
export interface Reconciled {
  /** Orders that nobody knows: what was held or sold for them is on sale again. */
  readonly released: readonly string[];
  /** Paid orders whose pieces had been given back a moment later: they are sold again. */
  readonly resold: readonly string[];
  /** The same, but the pieces are not there any more: somebody has to cancel these orders. */
  readonly short: readonly string[];
}

// Of the records only what is looked at here.
type Order = { readonly status: string; readonly step: string };
type Line = { readonly productId: string; readonly quantity: number };
type Reservation = { readonly state: string; readonly lines: readonly Line[] };
type Product = { readonly stock: number };

/** OrderStatus: processing, shipped, delivered. */
const PAID = new Set(["2", "3", "4"]);

type Change = "release" | "sell" | undefined;

/** What has to become of a reservation, going by the order that it is for. */
function changeFor(reservation: Reservation, order: Order | undefined): Change {
  const isTaken = reservation.state === "held" || reservation.state === "confirmed";
  if (order === undefined) return isTaken ? "release" : undefined;
  // Whoever goes on with a checkout sees to the pieces; one that is over, nobody looks after.
  return order.step === "done" && PAID.has(order.status) && !isTaken ? "sell" : undefined;
}

interface Planned {
  readonly change: Exclude<Change, undefined>;
  readonly reservation: Entry;
  readonly lines: readonly Line[];
}

/** Finds what does not match. */
async function plan(orders: Collection, reservations: Collection): Promise<Planned[]> {
  const planned: Planned[] = [];
  for await (const entries of reservations.read()) {
    const known = new Map((await orders.get(entries.map((it) => it.key))).map((it) => [it.key, it.value]));
    for (const entry of entries) {
      const reservation = entry.value as unknown as Reservation;
      const change = changeFor(reservation, known.get(entry.key) as Order | undefined);
      if (change !== undefined) planned.push({ change, reservation: entry, lines: reservation.lines });
    }
  }
  return planned;
}

/** The products that are meant, as they can be changed. */
async function stockOf(products: Collection, planned: readonly Planned[]): Promise<Map<string, Entry>> {
  const ids = new Set(planned.flatMap(({ lines }) => lines.map((it) => it.productId)));
  return new Map((await products.get([...ids])).map((it) => [it.key, it]));
}

/** Moves pieces into the stock or out of it; false, and nothing changed, if there are not enough. */
function moveStock(stock: Map<string, Entry>, { change, lines }: Planned): boolean {
  const sign = change === "release" ? 1 : -1;
  const changed: Entry[] = [];
  for (const { productId, quantity } of lines) {
    const value = stock.get(productId)?.value as (Product & object) | undefined;
    if (value === undefined || value.stock + sign * quantity < 0) return false;
    changed.push({ key: productId, value: { ...value, stock: value.stock + sign * quantity } as unknown as Json });
  }
  for (const it of changed) stock.set(it.key, it);
  return true;
}

/**
 * Puts right what does not match where orders and pieces were read one after the other from a shop that ran, orders first.
 * Cut short, it must not be continued, but all be written anew.
 */
export async function reconcile(collections: readonly Collection[]): Promise<Reconciled> {
  const done: Record<"release" | "sell" | "short", string[]> = { release: [], sell: [], short: [] };
  const result = { released: done.release, resold: done.sell, short: done.short };
  const find = (name: string) => collections.find((it) => it.name === name);
  const [orders, reservations, products] = ["order.orders", "product.reservations", "product.products"].map(find);
  if (orders === undefined || reservations === undefined || products === undefined) return result;
  const planned = await plan(orders, reservations);
  const stock = await stockOf(products, planned);
  const changed: Entry[] = [];
  // What comes back first may be what is needed next.
  for (const it of planned.toSorted((a, b) => a.change.localeCompare(b.change))) {
    const { key, value } = it.reservation;
    const state = it.change === "release" ? "released" : "confirmed";
    const isDone = moveStock(stock, it);
    if (isDone) changed.push({ key, value: { ...(value as object), state } as Json });
    done[isDone ? it.change : "short"].push(key);
  }
  for (const some of chunksOf(changed, BATCH_RECORDS)) await reservations.put(some);
  for (const some of chunksOf([...stock.values()], BATCH_RECORDS)) await products.put(some);
  // Books that follow from both.
  if (changed.length > 0) for (const it of collections) await it.finish?.();
  return result;
}
