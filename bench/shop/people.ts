import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { AuthService } from "#gen/shop/auth/v1/auth_service_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { WORKLOAD_HEADER } from "#kit/identity/workload.ts";
import type { Workload } from "#kit/settings.ts";
import { demoShelves } from "../../services/demo/catalogue.ts";
import { ADMIN, type RunningShop } from "./running-shop.ts";

/** Who calls the shop while it is measured, and what they buy. */
export interface People {
  /** Access tokens of guests with empty carts. */
  readonly guests: readonly string[];
  /** Access tokens of people with accounts. */
  readonly buyers: readonly string[];
  /** Ids of products of which there is plenty. */
  readonly productIds: readonly string[];
}

const GUESTS = 240;
const BUYERS = 32;
const PRODUCTS = 20;
/** Pieces put on the shelves, so that nothing is sold out while it is measured. */
const STOCK = 10_000;
/** Fewer than the contracts let one address open in a minute. */
const PEOPLE_PER_ADDRESS = 20;
const CATALOGUE_TIMEOUT_MS = 300_000;
const POLL_MS = 500;

/** The address of one of many visitors, as the edge passes it on. */
export const addressOf = (index: number) => `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;

function clientAt<T extends DescService>(shop: RunningShop, service: T): Client<T> {
  const workload = service.typeName.split(".")[1] as Workload;
  return createClient(service, createGrpcTransport({ baseUrl: shop.url(workload) }));
}

/** What the edge says of a visitor. */
export function visitorHeaders(shop: RunningShop, index: number, token?: string): Record<string, string> {
  return {
    [WORKLOAD_HEADER]: shop.proofs.prove("edge"),
    "x-forwarded-for": addressOf(index),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
}

/** Waits until the shop has loaded the demo catalogue, as it does by itself on its first start. */
export async function catalogueLoaded(shop: RunningShop): Promise<void> {
  const products = clientAt(shop, ProductService);
  const wanted = demoShelves.reduce((sum, it) => sum + it.products.length, 0);
  const deadline = Date.now() + CATALOGUE_TIMEOUT_MS;
  while ((await products.listProducts({ pageSize: 1 })).totalSize < wanted) {
    if (Date.now() > deadline) throw new Error("The demo catalogue was not loaded in time");
    await sleep(POLL_MS);
  }
}

async function stockUp(shop: RunningShop, adminToken: string): Promise<string[]> {
  const products = clientAt(shop, ProductService);
  const ids = (await products.listProducts({ pageSize: PRODUCTS })).products.map((it) => it.productId);
  const headers = visitorHeaders(shop, 0, adminToken);
  for (const productId of ids)
    await products.adjustStock({ requestId: randomUUID(), productId, delta: STOCK }, { headers });
  return ids;
}

/** Opens guests' sessions and accounts through the shop's own calls. */
export async function invitePeople(shop: RunningShop): Promise<People> {
  const auth = clientAt(shop, AuthService);
  const options = (index: number) => ({ headers: visitorHeaders(shop, Math.floor(index / PEOPLE_PER_ADDRESS)) });
  const guests: string[] = [];
  const buyers: string[] = [];
  for (let index = 0; index < GUESTS; index++)
    guests.push((await auth.signInAsGuest({}, options(index))).accessToken?.token ?? "");
  for (let index = 0; index < BUYERS; index++) {
    const email = `${randomUUID()}@example.com`;
    const account = { email, password: "correct horse battery", displayName: "Ada Lovelace" };
    buyers.push((await auth.signUp(account, options(index))).accessToken?.token ?? "");
  }
  const admin = await auth.signIn(ADMIN, options(0));
  return { guests, buyers, productIds: await stockUp(shop, admin.accessToken?.token ?? "") };
}
