import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestMesh } from "#kit/testing/mesh.ts";
import { addToCart, fillCheckout, launchBrowser, openPage, signUp, withoutBrowser } from "./testing/browser.ts";
import { buyAsGuest, startBrowserShop } from "./testing/browser-shop.ts";

let mesh: TestMesh;
let browser: Browser;

/** A page of its own visitor. */
const visit = (path: string) => openPage(browser, { baseURL: mesh.url("edge") }, path);

async function addFirstProduct(page: Page): Promise<void> {
  await page.goto("/products?in_stock=true");
  await page.locator('main a[href^="/products/"]').first().click();
  await addToCart(page);
}

describe.skipIf(withoutBrowser)("the shop in a browser", () => {
  beforeAll(async () => {
    mesh = await startBrowserShop();
    browser = await launchBrowser();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await mesh?.close();
  });

  it("sells something to a guest who signs up, and shows the order on its way to the door", {
    timeout: 90_000,
  }, async () => {
    await buyAsGuest(await visit("/"));
  });

  it("keeps filters and pages in the address, so that back and reload show the same", async () => {
    const { page } = await visit("/products");
    await page.goto("/products?q=lamp");
    // The words of the page come in parts.
    await page.locator(".filters-categories a", { hasText: "Home & Light" }).waitFor();
    await page.getByText("1 product").waitFor();
    const heading = await page.locator("main").innerText();
    await page.reload();
    await expect.poll(() => page.locator("main").innerText()).toBe(heading);
  });

  it("signs in again after a reload by its cookie, keeps no token where scripts could find it, and signs out", async () => {
    const { page } = await visit("/sign-up");
    await signUp(page);
    await page.waitForURL((url) => !url.pathname.startsWith("/sign-up"));
    await page.goto("/profile");
    await expect.poll(() => page.getByLabel("Name", { exact: true }).inputValue()).toBe("Ada Lovelace");
    const kept = await page.evaluate(() =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]),
    );
    expect(kept).not.toMatch(/eyJ|shop_refresh/);
    await page.getByRole("button", { name: "Sign out" }).first().click();
    await page.getByRole("link", { name: "Sign in" }).first().waitFor();
  });

  it("lets a buyer cancel what has not been shipped", { timeout: 60_000 }, async () => {
    const { page } = await visit("/sign-up");
    await signUp(page);
    await page.waitForURL((url) => !url.pathname.startsWith("/sign-up"));
    await addFirstProduct(page);
    await page.goto("/checkout");
    await fillCheckout(page, "5555555555554444");
    await page.getByRole("button", { name: "Place order" }).click();
    await page.waitForURL("**/orders/*");
    await page.getByRole("button", { name: "Cancel order" }).first().click();
    await page
      .getByRole("dialog")
      .getByRole("button", { name: /cancel it/i })
      .click();
    await expect.poll(() => page.getByTestId("order-status").first().innerText()).toBe("Cancelled");
  });

  it("shows the mesh at work", async () => {
    const { page } = await visit("/status");
    for (const workload of ["api", "product", "auth", "order", "cart", "image"])
      await page.getByText(workload, { exact: true }).first().waitFor();
  });
});
