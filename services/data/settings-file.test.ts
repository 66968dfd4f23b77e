import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { checkSettingsFile, settingNames } from "./settings-file.ts";

const ROOT = new URL("../../", import.meta.url);
const check = (...lines: string[]) =>
  checkSettingsFile(".env.new", Object.fromEntries(lines.map((it) => it.split("="))));

it.each([
  [["MONGODB_ULR=x"], "no settings of Shopmesh: MONGODB_ULR (probably MONGODB_URL). Mend"],
  [["POSTGRES_URL=x", "S3_ULR=x", "redis_url=x"], "S3_ULR (probably S3_URL), redis_url (probably REDIS_URL)."],
  [["POSTGRES_URL=x", "REDIS_PREFX=x"], "REDIS_PREFX (probably REDIS_PREFIX)"],
  [["POSTGRES_URL=x", "GRAFANA_PASWORD=x"], "GRAFANA_PASWORD (probably GRAFANA_PASSWORD)"],
  [["POSTGRES_URL=x", "FAVOURITE_COLOUR=x"], "FAVOURITE_COLOUR. Mend"],
  [Array.from({ length: 7 }, (_, at) => `FAVOURITE_COLOUR_${at}=x`), "FAVOURITE_COLOUR_4 and 2 more."],
  [[], ".env.new does not say where a shop is: it sets none of POSTGRES_URL, MONGODB_URL"],
  [["LOG_LEVEL=warn", "POSTGRES_URL="], "does not say where a shop is"],
])("refuses a file with %j", (lines, sentence) => {
  expect(() => check(...lines)).toThrow(sentence);
});

it.each(["POSTGRES_URL", "MONGODB_URL", "REDIS_URL", "S3_URL", "KAFKA_BROKERS", "DATA_DIR"])(
  "takes a file that sets %s, and what belongs to Compose and Node.js",
  (name) => {
    const others = ["GRAFANA_PASSWORD=x", "COMPOSE_PROFILES=full", "NODE_OPTIONS=x", "BACKUP_S3_URL=x"];
    expect(() => check(`${name}=x`, ...others)).not.toThrow();
  },
);

it("knows every variable that README and docs/engines.md tell of", async () => {
  const text = (
    await Promise.all(["README.md", "docs/engines.md"].map((it) => readFile(new URL(it, ROOT), "utf8")))
  ).join("");
  const cells = [...text.matchAll(/^\| ((?:`[A-Z][A-Z0-9]*_[A-Z0-9_]+`[^|]*)+)\|/gm)].map(([, cell = ""]) => cell);
  const told = cells.flatMap((cell) => [...cell.matchAll(/`([A-Z][A-Z0-9_]+)`/g)].map(([, name = ""]) => name));
  expect(told.length).toBeGreaterThan(40);
  const names = settingNames();
  expect(told.filter((it) => !names.has(it))).toEqual([]);
});
