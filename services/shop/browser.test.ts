import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import { ImageService } from "#gen/shop/image/v1/image_service_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { startTestMesh, type TestMesh } from "#kit/testing/mesh.ts";
import { demoShelves } from "../demo/catalogue.ts";
import { loadDemoCatalogue } from "../demo/load.ts";
import { main as edge } from "../edge/main.ts";
import { backend } from "./testing/backend.ts";
import { buildWebApp } from "./web-build.ts";

const BROWSERS = [
  process.env.CHROMIUM_PATH,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
const executablePath = BROWSERS.find((it) => it !== undefined && existsSync(it));
const withoutBrowser = executablePath === undefined && process.env.REQUIRE_BROWSER !== "true";
if (withoutBrowser) {
  console.warn(
    "No Chromium or Chrome was found, so the tests in a browser are left out; install one, or set CHROMIUM_PATH.",
  );
}

const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

let mesh: TestMesh;
let browser: Browser;

/** A page of its own visitor; what the console complains about is collected. */
async function visit(path: string): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ baseURL: mesh.url("edge"), viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(path);
  return { page, complaints };
}

async function signUp(page: Page): Promise<void> {
  await page.getByLabel("Name", { exact: true }).fill("Ada Lovelace");
  await page.getByLabel("Email").fill(`ada-${Date.now()}-${Math.random()}@example.com`);
  await page.getByLabel("Password", { exact: true }).fill("correct horse battery");
  await page.getByRole("button", { name: "Create account" }).click();
}

async function fillCheckout(page: Page, number: string): Promise<void> {
  for (const [label, value] of [
    ["Full name", "Ada Lovelace"],
    ["Address", "12 St James's Square"],
    ["City", "London"],
    ["Postal code", "SW1Y 4JH"],
    ["Card number", number],
    ["Expiry", "12/90"],
    ["Security code", "123"],
    ["Name on card", "Ada Lovelace"],
  ] as const) {
    await page.getByLabel(label, { exact: true }).fill(value);
  }
}

async function addToCart(page: Page): Promise<void> {
  const path = `/${CartService.typeName}/${CartService.method.addItem.name}`;
  const added = page.waitForResponse((it) => it.url().endsWith(path) && it.ok());
  await page.getByRole("button", { name: "Add to cart" }).first().click();
  await expect.poll(() => page.getByTestId("cart-count").innerText()).toBe("1");
  // The badge counts up at once; a page that is left before the answer takes the request with it.
  await added;
}

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
    browser = await chromium.launch({ args: QUIET, ...(executablePath !== undefined && { executablePath }) });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await mesh?.close();
  });

  it("sells something to a guest who signs up, and shows the order on its way to the door", {
    timeout: 90_000,
  }, async () => {
    const { page, complaints } = await visit("/");
    await page.getByRole("searchbox", { name: "Search products" }).fill("teapt");
    await page.keyboard.press("Enter");
    await page
      .getByRole("link", { name: /teapot/i })
      .first()
      .click();
    await addToCart(page);
    // Every picture in sight was really loaded.
    await expect
      .poll(() =>
        page.evaluate(() =>
          [...document.images].filter((it) => it.loading !== "lazy").every((it) => it.naturalWidth > 0),
        ),
      )
      .toBe(true);

    await page.goto("/cart");
    await page
      .getByRole("link", { name: "Checkout" })
      .or(page.getByRole("button", { name: "Checkout" }))
      .first()
      .click();
    await page
      .getByRole("link", { name: /make an account/i })
      .first()
      .click();
    await signUp(page);
    await page.waitForURL("**/checkout**");
    await expect.poll(() => page.getByTestId("cart-count").innerText()).toBe("1");

    await fillCheckout(page, "4000000000000002");
    await page.getByRole("button", { name: "Place order" }).click();
    await page
      .getByText(/declined/i)
      .first()
      .waitFor();
    await page.getByLabel("Card number").fill("4242 4242 4242 4242");
    await page.getByRole("button", { name: "Place order" }).click();
    await page.waitForURL("**/orders/*");
    const status = () => page.getByTestId("order-status").first().innerText();
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
