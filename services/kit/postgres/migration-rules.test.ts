import { globSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { faultsOf } from "./migration-rules.ts";

const services = join(import.meta.dirname, "../..");
const folders = globSync("{*,kit/*}/migrations*", { cwd: services }).toSorted();

describe("the migrations of", () => {
  it.each(folders)("%s leave the version before working", (folder) => {
    const names = readdirSync(join(services, folder))
      .filter((it) => it.endsWith(".sql"))
      .map((it) => basename(it, ".sql"))
      .toSorted();
    expect(names.length).toBeGreaterThan(0);
    const faults = names.flatMap((name, at) =>
      faultsOf(name, readFileSync(join(services, folder, `${name}.sql`), "utf8"), names.slice(0, at)),
    );
    expect(faults).toEqual([]);
  });
});

describe("a migration", () => {
  it.each<[string, boolean]>([
    ["CREATE TABLE a (id int NOT NULL); CREATE UNIQUE INDEX a_id ON a (id); ALTER TABLE a ADD CHECK (id > 0)", true],
    ["ALTER TABLE a ADD COLUMN b text", true],
    ["ALTER TABLE a ADD COLUMN b text NOT NULL DEFAULT ''", true],
    ["ALTER TABLE a ADD COLUMN b text NOT NULL", false],
    ["ALTER TABLE a ADD COLUMN b int DEFAULT 1, ADD COLUMN c text NOT NULL", false],
    ["alter table a\n  alter column b set not null", false],
    ["ALTER TABLE a ALTER COLUMN b TYPE bigint", false],
    ["ALTER TABLE a ALTER COLUMN b SET DATA TYPE bigint", false],
    ["ALTER TABLE a ALTER COLUMN b SET STORAGE EXTERNAL", true],
    ["ALTER TABLE a RENAME COLUMN b TO c", false],
    ["ALTER TABLE a DROP COLUMN IF EXISTS b", false],
    ["ALTER TABLE a ALTER COLUMN b DROP DEFAULT", false],
    ["ALTER TABLE a ALTER COLUMN b DROP NOT NULL", true],
    ["ALTER TABLE a DROP CONSTRAINT a_check", true],
    ["ALTER TABLE a ADD CONSTRAINT a_check CHECK (b > 0)", false],
    ["DROP TABLE a", false],
    ["DROP INDEX a_b", true],
    ["TRUNCATE a", false],
    ["CREATE INDEX a_b ON a (b)", true],
    ["CREATE UNIQUE INDEX a_b ON a (b)", false],
    ["-- DROP TABLE a\nCREATE TABLE b (id int)", true],
    ["-- after: 001_first\nALTER TABLE a DROP COLUMN b", true],
    ["-- after: 002_second\nALTER TABLE a DROP COLUMN b", false],
  ])("%s", (sql, survives) => {
    expect(faultsOf("002_second", sql, ["001_first"]).length === 0).toBe(survives);
  });
});
