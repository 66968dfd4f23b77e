import { createHash, X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { expect } from "vitest";
import { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";

const BROWSERS = [
  process.env.CHROMIUM_PATH,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
const executablePath = BROWSERS.find((it) => it !== undefined && existsSync(it));

/** Whether the tests in a browser have to be left out; where REQUIRE_BROWSER is set they fail instead. */
export const withoutBrowser = executablePath === undefined && process.env.REQUIRE_BROWSER !== "true";
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

/** For `launchBrowser`: trusts this certificate (PEM), whoever signed it, and no other. */
export function trusting(certificate: string): string {
  const key = new X509Certificate(certificate).publicKey.export({ type: "spki", format: "der" });
  return `--ignore-certificate-errors-spki-list=${createHash("sha256").update(key).digest("base64")}`;
}

/** A browser that does nothing by itself. */
export function launchBrowser(...args: readonly string[]): Promise<Browser> {
  return chromium.launch({ args: [...QUIET, ...args], ...(executablePath !== undefined && { executablePath }) });
}

/** A page of its own visitor; what the console complains about is collected. */
export async function openPage(
  browser: Browser,
  options: BrowserContextOptions,
  path: string,
): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(path);
  return { page, complaints };
}

/** Fills in the form for an account that is open, and sends it. */
export async function signUp(page: Page): Promise<void> {
  await page.getByLabel("Name", { exact: true }).fill("Ada Lovelace");
  await page.getByLabel("Email").fill(`ada-${Date.now()}-${Math.random()}@example.com`);
  await page.getByLabel("Password", { exact: true }).fill("correct horse battery");
  await page.getByRole("button", { name: "Create account" }).click();
}

/** Fills in where the parcel goes and who pays. */
export async function fillCheckout(page: Page, number: string): Promise<void> {
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

/** Puts what the page shows into the cart, and waits until it is there. */
export async function addToCart(page: Page): Promise<void> {
  const path = `/${CartService.typeName}/${CartService.method.addItem.name}`;
  const added = page.waitForResponse((it) => it.url().endsWith(path) && it.ok());
  await page.getByRole("button", { name: "Add to cart" }).first().click();
  await expect.poll(() => page.getByTestId("cart-count").innerText()).toBe("1");
  // The badge counts up at once; a page that is left before the answer takes the request with it.
  await added;
}

/** Goes to the product that a search with a misprint finds, and sees that its pictures are there. */
export async function findTeapot(page: Page): Promise<void> {
  await page.getByRole("searchbox", { name: "Search products" }).fill("teapt");
  await page.keyboard.press("Enter");
  await page
    .getByRole("link", { name: /teapot/i })
    .first()
    .click();
}

/** Every picture in sight was really loaded. */
export async function seePictures(page: Page): Promise<void> {
  await expect
    .poll(() =>
      page.evaluate(() =>
        [...document.images].filter((it) => it.loading !== "lazy").every((it) => it.naturalWidth > 0),
      ),
    )
    .toBe(true);
}

/** From the cart of a guest, by way of a new account, to the checkout. */
export async function signUpToCheckOut(page: Page): Promise<void> {
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
}

/** Whether the page says, though only for a moment, that the cart cannot be bought. */
async function watchForDoubt(page: Page): Promise<() => Promise<boolean>> {
  await page.evaluate(() => {
    const look = () => {
      if (document.body.innerText.includes("cannot be bought")) document.body.dataset.doubted = "true";
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  return () => page.evaluate(() => document.body.dataset.doubted === "true");
}

/** Pays with a card that is declined, then with one that is not, and is shown the order. */
export async function payAtLast(page: Page): Promise<void> {
  await fillCheckout(page, "4000000000000002");
  await page.getByRole("button", { name: "Place order" }).click();
  await page
    .getByText(/declined/i)
    .first()
    .waitFor();
  await page.getByLabel("Card number").fill("4242 4242 4242 4242");
  const doubted = await watchForDoubt(page);
  await page.getByRole("button", { name: "Place order" }).click();
  await page.waitForURL("**/orders/*");
  await page.getByTestId("order-status").first().waitFor();
  expect(await doubted(), "the page said that what was just paid cannot be bought").toBe(false);
}

/** The order's status as the page shows it: it changes by itself. */
export const statusOf = (page: Page): Promise<string> => page.getByTestId("order-status").first().innerText();
