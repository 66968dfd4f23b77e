import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { TestMesh } from "#kit/testing/mesh.ts";
import { backend } from "./testing/backend.ts";
import { addToCart, fillCheckout, launchBrowser, openPage, signUp, withoutBrowser } from "./testing/browser.ts";
import { startBrowserShop } from "./testing/browser-shop.ts";

/** What a part that is away takes to be missed, and to be back: the longest pause of a page, and a busy machine. */
const BACK = { timeout: 30_000 };

type Part = keyof typeof backend;

describe.skipIf(withoutBrowser)("a shop of which a part is away", { timeout: 90_000 }, () => {
  let mesh: TestMesh;
  let browser: Browser;
  const stopped = new Set<Part>();

  beforeAll(async () => {
    mesh = await startBrowserShop();
    browser = await launchBrowser();
  }, 120_000);
  afterEach(async () => {
    for (const part of stopped) await start(part);
  });
  afterAll(async () => {
    await browser?.close();
    await mesh?.close();
  });

  const visit = async (path: string) => (await openPage(browser, { baseURL: mesh.url("edge") }, path)).page;
  const stop = async (part: Part) => {
    await mesh.stop(part);
    stopped.add(part);
  };
  const start = async (part: Part) => {
    stopped.delete(part);
    await mesh.start(part, backend[part]);
  };
  const says = (page: Page, words: RegExp) => page.getByText(words).first().waitFor(BACK);
  const saysNoMore = (page: Page, words: RegExp) => expect.poll(() => page.getByText(words).count(), BACK).toBe(0);
  const cartCount = (page: Page) => page.getByTestId("cart-count").innerText();
  const firstProduct = async (page: Page) =>
    (await page.locator('main a[href^="/products/"]').first().getAttribute("href")) ?? "";

  it("shows the shelves and products as they were while the catalogue is away, and says so until it is back", async () => {
    const href = await firstProduct(await visit("/"));
    const seen = await visit(href);
    const name = await seen.getByRole("heading", { level: 1 }).innerText();
    await stop("product");
    const [home, product] = [await visit("/"), await visit(href)];
    await says(home, /catalogue is away for a moment/);
    await home.getByRole("link", { name: "Kitchen & Table" }).first().waitFor();
    expect(await home.locator('main a[href^="/products/"]').count()).toBeGreaterThan(8);
    await says(product, /catalogue is away for a moment/);
    expect(await product.getByRole("heading", { level: 1 }).innerText()).toBe(name);
    const list = await visit("/products");
    await says(list, /A part of the shop is away/);
    await start("product");
    for (const page of [home, product]) await saysNoMore(page, /catalogue is away/);
    await list.locator('main a[href^="/products/"]').first().waitFor(BACK);
  });

  it("keeps a cart whose prices nobody knows, and does not sell it for nothing", async () => {
    const page = await visit("/");
    await page.goto(await firstProduct(page));
    await addToCart(page);
    await stop("product");
    await page.goto("/cart");
    await says(page, /Names and prices are away/);
    expect(await page.getByRole("button", { name: "Checkout" }).isDisabled()).toBe(true);
    expect(await page.locator("main").innerText()).not.toContain("0.00");
    await start("product");
    await saysNoMore(page, /Names and prices are away/);
    expect(await page.getByRole("button", { name: "Checkout" }).isEnabled()).toBe(true);
  });

  it("is looked around in while the cart is away; nothing is said to be in it that is not", async () => {
    const page = await visit("/");
    const href = await firstProduct(page);
    await page.goto(href);
    await addToCart(page);
    await stop("cart");
    await page.goto(href);
    await expect.poll(() => cartCount(page), BACK).toBe("–");
    await page.getByRole("button", { name: "Add to cart" }).first().click();
    await says(page, /Your cart could not be changed/);
    await expect.poll(() => cartCount(page), BACK).toBe("–");
    await page.goto("/cart");
    await says(page, /What you put in is kept/);
    await start("cart");
    await page.getByRole("button", { name: "Checkout" }).waitFor(BACK);
    expect(await cartCount(page)).toBe("1");
  });

  it("keeps the places of pictures that are away, and fills them by itself when they are back", async () => {
    await stop("image");
    const page = await visit("/");
    const missing = page.locator(".hero .picture[data-missing]");
    await expect.poll(() => missing.count(), BACK).toBe(3);
    const box = await missing.first().boundingBox();
    expect(await missing.first().evaluate((it) => (it as HTMLElement).style.backgroundImage)).toContain("data:image");
    await start("image");
    await expect.poll(() => missing.count(), BACK).toBe(0);
    expect(await page.locator(".hero .picture").first().boundingBox()).toEqual(box);
  });

  it("says that nothing was charged when no order can be taken, and takes it at last, once", async () => {
    const page = await visit("/sign-up");
    await signUp(page);
    await page.waitForURL((url) => !url.pathname.startsWith("/sign-up"));
    await page.goto("/products?in_stock=true");
    await page.goto(await firstProduct(page));
    await addToCart(page);
    await page.goto("/checkout");
    await fillCheckout(page, "4242424242424242");
    await stop("order");
    const ids = new Set<string>();
    page.on("request", (it) => {
      if (it.url().endsWith("/PlaceOrder")) ids.add(JSON.parse(it.postData() ?? "{}").requestId);
    });
    await page.getByRole("button", { name: "Place order" }).click();
    await says(page, /Nothing was charged/);
    await start("order");
    await page.getByRole("button", { name: "Place order" }).click();
    await page.waitForURL("**/orders/*");
    expect(ids.size).toBe(1);
    await page.goto("/orders");
    await expect.poll(() => page.locator('main a[href^="/orders/"]').count()).toBe(1);
  });
});
