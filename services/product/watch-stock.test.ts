import { describe } from "vitest";
import { watchStockContract } from "./watch-stock.contract.ts";

describe("stock watched in PostgreSQL", () => watchStockContract(async () => ({})));
