import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, it } from "vitest";
import type { TestMesh } from "#kit/testing/mesh.ts";
import { launchBrowser, openPage, withoutBrowser } from "./testing/browser.ts";
import { buyAsGuest, startBrowserShop } from "./testing/browser-shop.ts";
import { openShopEngines, type ShopEngines } from "./testing/engines.ts";

const PURCHASE_MS = 90_000;

let engines: ShopEngines;
let mesh: TestMesh;
let browser: Browser;

describe.skipIf(withoutBrowser)("the shop on all engines, in a browser", () => {
  beforeAll(async () => {
    engines = await openShopEngines();
    mesh = await startBrowserShop(engines.env);
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await mesh?.close();
    await engines?.close();
  });

  it(
    "sells something to a guest who signs up, and shows the order on its way to the door",
    { timeout: PURCHASE_MS },
    async () => buyAsGuest(await openPage(browser, { baseURL: mesh.url("edge") }, "/")),
  );
});
