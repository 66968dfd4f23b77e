// Leaves of the package with the drawings only those that the demo catalogue shows: 90 of 3,000, for an image that is small.

import { readdir, rm } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { demoShelves } from "./catalogue.ts";
import { assetPath } from "./cutout.ts";

const used = new Set(demoShelves.flatMap((shelf) => shelf.products.map(({ shot }) => shot.asset)));
const folder = dirname(assetPath("any"));
for (const name of await readdir(folder)) {
  if (!used.has(basename(name, extname(name)))) await rm(join(folder, name), { recursive: true });
}
