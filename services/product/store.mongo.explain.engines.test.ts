import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Mongo, openMongo } from "#kit/mongo/client.ts";
import { migrateMongo } from "#kit/mongo/migrate.ts";
import { testMongo } from "#kit/testing/engines/shared.ts";
import { searchTerms } from "./search.ts";
import { type Collections, collectionsOf } from "./store.mongo.collections.ts";
import { meet, pageCursor, planOf } from "./store.mongo.list.ts";
import { MIGRATIONS } from "./store.mongo.migrations.ts";
import { createMongoStore } from "./store.mongo.ts";
import type { ListQuery, Order, ProductFilter } from "./store.ts";

const PRODUCTS = 600;
const CATEGORIES = 3;
const LIMIT = 25;
/** More than the products that are alike in what is sorted by, those made in one moment among them. */
const EQUALS = 60;

let mongo: Mongo;
let collections: Collections;

/** One part of how the server ran something. */
interface Stage {
  readonly stage: string;
  readonly inputStage?: Stage;
  readonly inputStages?: readonly Stage[];
  readonly totalKeysExamined?: number;
}

interface Execution {
  readonly stages: ReadonlySet<string>;
  readonly keys: number;
  readonly documents: number;
  readonly returned: number;
}

const stagesOf = (it: Stage): string[] => [
  it.stage,
  ...[it.inputStage ?? [], it.inputStages ?? []].flat().flatMap(stagesOf),
];

/** What an explanation says, of a find or of the beginning of an aggregation. */
function executionOf(explained: object): Execution {
  const { stages, ...whole } = explained as { stages?: { $cursor: object }[] };
  const found = (stages?.[0]?.$cursor ?? whole) as {
    executionStats: { executionStages: Stage; totalKeysExamined: number; totalDocsExamined: number; nReturned: number };
  };
  const { executionStages, totalKeysExamined, totalDocsExamined, nReturned } = found.executionStats;
  const names = new Set(stagesOf(executionStages));
  return { stages: names, keys: totalKeysExamined, documents: totalDocsExamined, returned: nReturned };
}

async function explain(query: ListQuery) {
  const asked = query.filter.terms;
  const plan = planOf(query, asked && (await meet(collections, asked)));
  const page = executionOf(await pageCursor(collections, plan, query.limit).explain("executionStats"));
  const counting = collections.products.aggregate([{ $match: plan.filter }, { $count: "count" }], {
    hint: plan.countIndex,
  });
  return { page, count: executionOf(await counting.explain("executionStats")) };
}

beforeAll(async () => {
  const log = pino({ level: "silent" });
  const url = await testMongo();
  await migrateMongo({ url, workload: "product", migrations: MIGRATIONS, log });
  mongo = openMongo({ url, workload: "product", log });
  collections = collectionsOf(mongo);
  const store = createMongoStore({ mongo, log });
  const insert = (index: number) =>
    store.insert(
      {
        ...{ productId: `p-${index}`, name: `Thing ${index}`, description: "", categoryId: `c-${index % CATEGORIES}` },
        ...{ price: { currencyCode: "EUR", minorUnits: 100 * (index % 97) }, pictures: [], attributes: [] },
        ...{ stock: index % 2, etag: "e" },
      },
      { name: ["thing", index % 50 === 0 ? "walnut" : "oak"], details: [`detail${index}`], description: [] },
    );
  for (let from = 0; from < PRODUCTS; from += 50)
    await Promise.all(Array.from({ length: 50 }, (_, index) => insert(from + index)));
}, 120_000);
afterAll(() => mongo?.close());

const ORDERS: readonly Exclude<Order, "relevance">[] = [
  "popular",
  "newest",
  "price_ascending",
  "price_descending",
  "name",
];
const FILTERS: readonly ProductFilter[] = [
  { inStockOnly: false },
  { inStockOnly: true },
  { inStockOnly: false, categoryId: "c-1" },
  { inStockOnly: true, categoryId: "c-1" },
  { inStockOnly: false, minPrice: 3_000, maxPrice: 6_000 },
  { inStockOnly: true, categoryId: "c-1", minPrice: 3_000, maxPrice: 6_000 },
];
const LISTS = ORDERS.flatMap((order) => FILTERS.map((filter) => ({ order, filter })));

describe("lists", () => {
  it.each(LISTS)(
    "$order of $filter are read in the order of an index, and no product but those of the page",
    async ({ order, filter }) => {
      const { page } = await explain({ order, filter, limit: LIMIT });
      expect([...page.stages]).toContain("IXSCAN");
      for (const slow of ["COLLSCAN", "SORT"]) expect([...page.stages]).not.toContain(slow);
      expect(page.documents).toBe(LIMIT);
    },
  );

  it.each(LISTS)("$order of $filter are counted by an index alone", async ({ order, filter }) => {
    const { count } = await explain({ order, filter, limit: LIMIT });
    expect([...count.stages].some((it) => it === "IXSCAN" || it === "COUNT_SCAN")).toBe(true);
    expect(count.documents).toBe(0);
  });

  it.each(ORDERS)("go on by %s where a page ended, and read no more than the equals of its last", async (order) => {
    const store = createMongoStore({ mongo, log: pino({ level: "silent" }) });
    const filter = { inStockOnly: false };
    const after = (await store.list({ order, filter, limit: PRODUCTS / 2 })).items.at(-1)?.place;
    if (after === undefined) throw new Error("No place to go on from");
    const { page } = await explain({ order, filter, limit: LIMIT, after });
    expect([...page.stages]).not.toContain("SORT");
    expect(page.documents).toBeLessThan(LIMIT + EQUALS);
    expect(page.keys).toBeLessThan(LIMIT + EQUALS);
  });
});

describe("searches", () => {
  const ALL: readonly Order[] = [...ORDERS, "relevance"];
  const QUERIES = [
    ["walnut", false, PRODUCTS / 50],
    ["waln", false, PRODUCTS / 50],
    ["walnt", true, PRODUCTS / 50],
    ["walnut thing", false, PRODUCTS / 50],
    ["detail7", false, 1 + 10],
  ] as const;

  it.each(QUERIES.flatMap(([query, typos, matches]) => ALL.map((order) => ({ query, typos, matches, order }))))(
    "for $query by $order read the products that have the rarest word, and no others",
    async ({ query, typos, matches, order }) => {
      const filter = { terms: searchTerms(query, typos), inStockOnly: false };
      const { page, count } = await explain({ order, filter, limit: PRODUCTS });
      for (const { stages, documents } of [page, count]) {
        expect([...stages]).toContain("IXSCAN");
        expect([...stages]).not.toContain("COLLSCAN");
        expect(documents).toBeLessThanOrEqual(matches);
      }
      expect(page.returned).toBe(matches);
    },
  );
});

describe("what is due", () => {
  it.each(["reservations", "adjustments", "events"] as const)("is found among %s by an index", async (name) => {
    const due = { "next.step": "expire", "next.time": { $lte: new Date() } };
    const explained = await mongo
      .collection(name)
      .find(due)
      .sort({ "next.time": 1 })
      .limit(10)
      .explain("executionStats");
    expect([...executionOf(explained).stages]).toEqual(["LIMIT", "FETCH", "IXSCAN"]);
  });
});
