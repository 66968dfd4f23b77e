import { randomUUID } from "node:crypto";
import { type CallOptions, type Client, Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { eventually } from "#kit/testing/eventually.ts";
import { startTestMesh, type TestMesh } from "#kit/testing/mesh.ts";
import { main } from "./main.ts";

const PER_CLIENT_MAX = 20;

/** What `WatchStock` does over the wire, on whichever store. */
export function watchStockContract(environment: () => Promise<Record<string, string>>): void {
  let mesh: TestMesh;
  let edge: Client<typeof ProductService>;
  let admin: CallOptions;
  beforeAll(async () => {
    mesh = await startTestMesh({ product: main }, { env: await environment() });
    edge = mesh.client(ProductService);
    admin = mesh.as("admin");
    await edge.createCategory({ category: { categoryId: "lighting", name: "Lighting" } }, admin);
  });
  afterAll(() => mesh?.close());

  async function add(stock: number): Promise<string> {
    const price = { currencyCode: "EUR", minorUnits: 4900n };
    const { product } = await edge.createProduct(
      { product: { name: "Lamp", categoryId: "lighting", price, stock } },
      admin,
    );
    return product?.productId ?? "";
  }
  const adjust = (productId: string, delta: number) =>
    edge.adjustStock({ productId, delta, requestId: randomUUID() }, admin);

  /** How many watch, as the service tells it. */
  async function watchers(): Promise<number> {
    const text = await (await fetch(`${mesh.url("product")}/metrics`)).text();
    return Number(/^shop_stock_watchers\{.*\} (\d+)$/m.exec(text)?.[1]);
  }

  /** Watches products; what was told last of each. */
  function watch(...productIds: string[]) {
    const leave = new AbortController();
    const told = new Map<string, number>();
    let messages = 0;
    const ended = (async () => {
      for await (const { levels } of edge.watchStock({ productIds }, { signal: leave.signal })) {
        messages += 1;
        for (const it of levels) told.set(it.productId, it.stock);
      }
    })().catch((error: unknown) => ConnectError.from(error).code);
    return { told, ended, messages: () => messages, leave: () => leave.abort() };
  }

  it("tells what is there, then what changes by whomever, and forgets who leaves", async () => {
    const [one, other] = [await add(5), await add(0)];
    const all = [watch(one, other, "no-such-thing"), watch(one)];
    await eventually(() =>
      expect(all.map((it) => [...it.told])).toEqual([
        [
          [one, 5],
          [other, 0],
        ],
        [[one, 5]],
      ]),
    );
    expect(await watchers()).toBe(2);
    const order = mesh.client(ProductService, { caller: "order" });
    const orderId = randomUUID();
    await order.reserveStock({ orderId, lines: [{ productId: one, quantity: 2 }], hold: { seconds: 60n, nanos: 0 } });
    await eventually(() => expect(all.map((it) => it.told.get(one))).toEqual([3, 3]));
    await order.releaseReservation({ orderId });
    await eventually(() => expect(all.map((it) => it.told.get(one))).toEqual([5, 5]));
    await adjust(other, 7);
    await eventually(() => expect(all[0]?.told.get(other)).toBe(7));
    expect(all[1]?.told.has(other)).toBe(false);
    await edge.deleteProduct({ productId: one }, admin);
    await eventually(() => expect(all[0]?.told.get(one)).toBe(0));
    for (const it of all) it.leave();
    expect(await Promise.all(all.map((it) => it.ended))).toEqual([Code.Canceled, Code.Canceled]);
    await eventually(async () => expect(await watchers()).toBe(0));
  });

  it("tells the last of many changes, and not each of them", async () => {
    const productId = await add(0);
    const watching = watch(productId);
    await eventually(() => expect(watching.told.get(productId)).toBe(0));
    await Promise.all(Array.from({ length: 40 }, () => adjust(productId, 1)));
    await eventually(() => expect(watching.told.get(productId)).toBe(40));
    expect(watching.messages()).toBeLessThan(40);
    watching.leave();
    await watching.ended;
  });

  it.each([
    ["no product", []],
    ["one product twice", ["lamp", "lamp"]],
    ["51 products", Array.from({ length: 51 }, (_, index) => `lamp-${index}`)],
    ["what is no id", ["Lamp!"]],
  ])("refuses %s", async (_, productIds) => {
    expect(await watch(...productIds).ended).toBe(Code.InvalidArgument);
    expect(await watchers()).toBe(0);
  });

  it("is for so many pages of one client at once", async () => {
    const productId = await add(1);
    const all = Array.from({ length: PER_CLIENT_MAX }, () => watch(productId));
    await eventually(() => expect(all.every((it) => it.messages() === 1)).toBe(true));
    expect(await watch(productId).ended).toBe(Code.ResourceExhausted);
    expect(await watchers()).toBe(PER_CLIENT_MAX);
    for (const it of all) it.leave();
    await Promise.all(all.map((it) => it.ended));
    await eventually(async () => expect(await watchers()).toBe(0));
  });

  it("lets those who watch go when the service stops", async () => {
    const productId = await add(1);
    const watching = watch(productId);
    await eventually(() => expect(watching.messages()).toBe(1));
    await mesh.stop("product");
    await watching.ended;
    await mesh.start("product", main);
  });
}
