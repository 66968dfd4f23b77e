import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  addToCart,
  findTeapot,
  launchBrowser,
  openPage,
  payAtLast,
  seePictures,
  signUpToCheckOut,
  statusOf,
  trusting,
  withoutBrowser,
} from "../../../services/shop/testing/browser.ts";
import type { Edge } from "../lib/edge.ts";
import { STAGE_MS, type Stage, stage } from "../stage.ts";

const PICTURES = fileURLToPath(new URL("../../../.cache/cluster", import.meta.url));
const HTTPS_PORT = 443;

/** Sends the browser to the ingress under its own name, and lets it trust that one certificate and no other. */
function argumentsFor({ host, address, port, certificate }: Edge): string[] {
  return [`--host-resolver-rules=MAP ${host}:${HTTPS_PORT} ${address}:${port}`, trusting(certificate)];
}

async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `${PICTURES}/${name}.png` });
}

describe.skipIf(withoutBrowser)("a browser at the ingress", () => {
  let scene: Stage;
  let browser: Browser;
  beforeAll(async () => {
    mkdirSync(PICTURES, { recursive: true });
    scene = await stage();
    await scene.tokens();
    browser = await launchBrowser(...argumentsFor(scene.edge));
  }, STAGE_MS);
  afterAll(() => browser?.close());

  it("buys something over HTTPS, and sees the order on its way to the door", { timeout: STAGE_MS }, async () => {
    const { page, complaints } = await openPage(browser, { baseURL: `https://${scene.edge.host}` }, "/");
    page.setDefaultTimeout(30_000);
    await page
      .getByRole("link", { name: /teapot|lamp|mug|chair|plant/i })
      .first()
      .waitFor();
    await seePictures(page);
    await picture(page, "1-home");
    await findTeapot(page);
    await addToCart(page);
    await seePictures(page);
    await picture(page, "2-product");
    await signUpToCheckOut(page);
    await payAtLast(page);
    await picture(page, "3-paid");
    // Nobody loads the page again: what changes is told by the stream.
    const seen = new Set<string>();
    const status = async () => {
      const now = await statusOf(page);
      seen.add(now);
      return now;
    };
    await expect.poll(status, { timeout: 90_000 }).toBe("Delivered");
    expect(seen).toContain("Shipped");
    await picture(page, "4-delivered");
    await page.goto("/status");
    for (const { name } of scene.mesh.workloads) await page.getByText(name, { exact: true }).first().waitFor();
    await picture(page, "5-status");
    expect(complaints.filter((it) => !it.includes("the server responded with a status"))).toEqual([]);
  });
});
