import type { Page } from "playwright-core";
import { expect } from "vitest";
import { ImageService } from "#gen/shop/image/v1/image_service_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { startTestMesh, type TestMesh } from "#kit/testing/mesh.ts";
import { demoShelves } from "../../demo/catalogue.ts";
import { loadDemoCatalogue } from "../../demo/load.ts";
import { main as edge } from "../../edge/main.ts";
import { buildWebApp } from "../web-build.ts";
import { backend } from "./backend.ts";
import { addToCart, findTeapot, payAtLast, seePictures, signUpToCheckOut, statusOf } from "./browser.ts";

const SHELVES = 2;
const FULFILMENT_STEP_SECONDS = "2";
const LOADING_MS = 60_000;

/** A shop with its web app and a few shelves, which ships orders within seconds; on other engines as `env` says. */
export async function startBrowserShop(env: Readonly<Record<string, string>> = {}): Promise<TestMesh> {
  await buildWebApp();
  const { POSTGRES_URL: postgresUrl } = env;
  const mesh = await startTestMesh(
    { ...backend, edge },
    { env: { FULFILMENT_STEP_SECONDS, ...env }, ...(postgresUrl !== undefined && { postgresUrl }) },
  );
  const clients = { products: mesh.client(ProductService), images: mesh.client(ImageService) };
  const { token } = mesh.as("admin");
  const shelves = demoShelves.slice(0, SHELVES);
  const signal = AbortSignal.timeout(LOADING_MS);
  await loadDemoCatalogue({ clients, token, shelves, log: mesh.shared.log, signal });
  return mesh;
}

/**
 * The whole way of a buyer: a guest who searches, fills the cart, signs up, is declined, pays, and sees the order on its
 * way to the door. The page is a visitor's first, at home.
 */
export async function buyAsGuest({ page, complaints }: { page: Page; complaints: readonly string[] }): Promise<void> {
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
}
