import { describe } from "vitest";
import { testMongo } from "#kit/testing/engines/shared.ts";
import { watchStockContract } from "./watch-stock.contract.ts";

describe("stock watched in MongoDB", () => watchStockContract(async () => ({ MONGODB_URL: await testMongo() })));
