import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ImageService } from "#gen/shop/image/v1/image_service_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { startTestMesh, type TestMesh } from "#kit/testing/mesh.ts";
import { demoShelves } from "../demo/catalogue.ts";
import { loadDemoCatalogue } from "../demo/load.ts";
import { main as edge } from "../edge/main.ts";
import { backend } from "./testing/backend.ts";
import {
  addToCart,
  fillCheckout,
  findTeapot,
  launchBrowser,
  openPage,
  payAtLast,
  seePictures,
  signUp,
  signUpToCheckOut,
  statusOf,
  withoutBrowser,
} from "./testing/browser.ts";
import { buildWebApp } from "./web-build.ts";

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
    await buildWebApp();
    mesh = await startTestMesh({ ...backend, edge }, { env: { FULFILMENT_STEP_SECONDS: "2" } });
    const clients = { products: mesh.client(ProductService), images: mesh.client(ImageService) };
    const { token } = mesh.as("admin");
    const shelves = demoShelves.slice(0, 2);
    await loadDemoCatalogue({ clients, token, shelves, log: mesh.shared.log, signal: AbortSignal.timeout(60_000) });
    browser = await launchBrowser();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await mesh?.close();
  });

  it("sells something to a guest who signs up, and shows the order on its way to the door", {
    timeout: 90_000,
  }, async () => {
    const { page, complaints } = await visit("/");
    await findTeapot(page);
    await addToCart(page);
    await seePictures(page);

    await signUpToCheckOut(page);
    await payAtLast(page);
    const status = () => statusOf(page);
    await expect.poll(status, { timeout: 15_000 }).toMatch(/Processing|Shipped/);
    await expect.poll(status, { timeout: 20_000 }).toBe("Delivered");
    expect(await page.getByTestId("cart-count").innerText()).toBe("0");
    await page.goto("/orders");
    await page.getByText("Delivered").first().waitFor();
    expect(complaints.filter((it) => !it.includes("the server responded with a status"))).toEqual([]);
  });

  it("keeps filters and pages in the address, so that back and reload show the same", async () => {
    const { page } = await visit("/products");
    await page.goto("/products?q=lamp");
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
