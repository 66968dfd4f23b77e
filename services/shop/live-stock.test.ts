import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { eventually } from "#kit/testing/eventually.ts";
import type { TestMesh } from "#kit/testing/mesh.ts";
import { launchBrowser, openPage, withoutBrowser } from "./testing/browser.ts";
import { startBrowserShop } from "./testing/browser-shop.ts";

let mesh: TestMesh;
let browser: Browser;

/** How many watch, as product tells it. */
async function watchers(): Promise<number> {
  const text = await (await fetch(`${mesh.url("product")}/metrics`)).text();
  return Number(/^shop_stock_watchers\{.*\} (\d+)$/m.exec(text)?.[1]);
}

describe.skipIf(withoutBrowser)("a product's page", () => {
  beforeAll(async () => {
    mesh = await startBrowserShop();
    browser = await launchBrowser();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await mesh?.close();
  });

  it("shows what is left as it changes, without a reload, and is forgotten when it is closed", {
    timeout: 60_000,
  }, async () => {
    const client = mesh.client(ProductService);
    const { products } = await client.listProducts({ inStockOnly: true, pageSize: 1 });
    const [product] = products;
    if (product === undefined) throw new Error("The shelves are empty");
    const { productId } = product;
    let stock = product.stock;
    const admin = mesh.as("admin");
    const setTo = async (wanted: number) => {
      await client.adjustStock({ productId, delta: wanted - stock, requestId: crypto.randomUUID() }, admin);
      stock = wanted;
    };
    const { page, complaints } = await openPage(browser, { baseURL: mesh.url("edge") }, `/products/${productId}`);
    await eventually(async () => expect(await watchers()).toBe(1));
    await setTo(3);
    await page.getByText("Only 3 left").first().waitFor();
    await setTo(0);
    await page.getByText("Sold out for now").waitFor();
    expect(await page.getByRole("button", { name: "Add to cart" }).isDisabled()).toBe(true);
    await setTo(2);
    await page.getByText("Only 2 left").first().waitFor();
    expect(await page.getByRole("button", { name: "Add to cart" }).isEnabled()).toBe(true);
    await page.close();
    await eventually(async () => expect(await watchers()).toBe(0));
    expect(complaints).toEqual([]);
  });
});
