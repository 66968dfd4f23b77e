// The bill of materials of the image: npm's own (`npm sbom --sbom-format=cyclonedx`), read from standard input, without what only
// builds and tests, and without what differs each time it is made: `npm sbom … | node scripts/sbom.ts > sbom.cdx.json`.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";

interface Component {
  readonly "bom-ref": string;
  readonly name: string;
}

/** What is used here of CycloneDX 1.5. */
interface Bom {
  readonly serialNumber?: string;
  readonly metadata: { readonly timestamp?: string; readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** Of package.json: versions are exact. */
interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** npm names the shop after the folder it lies in. */
const NAME = "shopmesh";
/** "react", "@bufbuild/protobuf": what a source imports, without the part behind the package's name. */
const IMPORT = /(?:from|import) "((?:@[^/"]+\/)?[^./#"@][^/":]*)[^":]*"/g;
const SOURCE = /\.(tsx?|css)$/;
const TEST = /\.test\.tsx?$/;
/** Says how the web app is built; no part of it. */
const BUILDS = "vite";
const TYPES = "@types/";

/** The packages that the web app is bundled from. */
function importedBy(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (it) => SOURCE.test(it) && !TEST.test(it),
  );
  return files.flatMap((file) => {
    const names = [...readFileSync(join(folder, file), "utf8").matchAll(IMPORT)].map((it) => it[1] ?? "");
    return names.includes(BUILDS) ? [] : names;
  });
}

/** Everything that these packages need, themselves included, by reference: "react@19.3.1". */
function neededBy(roots: readonly string[], { dependencies }: Bom): Set<string> {
  const needs = new Map(dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
  const found = new Set<string>();
  const add = (ref: string) => {
    if (found.has(ref)) return;
    const more = needs.get(ref);
    if (more === undefined) throw new Error(`${ref} is in the image, but npm has not installed it`);
    found.add(ref);
    for (const it of more) add(it);
  };
  for (const it of roots) add(it);
  return found;
}

const bom: Bom = JSON.parse(await text(process.stdin));
const { dependencies: own, devDependencies } = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
const versions = { ...devDependencies, ...own };
const refOf = (name: string) => `${name}@${versions[name]}`;
const [services, web] = [Object.keys(own).map(refOf), [...new Set(importedBy("web"))].map(refOf)];
// Of the services' packages all is there, of the web app's what the bundler takes: no types.
const bundled = [...neededBy(web, bom)].filter((it) => !it.startsWith(TYPES));
const refs = new Set([...neededBy(services, bom), ...bundled]);
const { serialNumber: _, metadata, components, dependencies, ...rest } = bom;
const { timestamp: __, component, ...made } = metadata;
const reduced = {
  ...rest,
  metadata: { ...made, component: { ...component, name: NAME, type: "application" } },
  components: components.filter((it) => refs.has(it["bom-ref"])),
  dependencies: [
    { ref: component["bom-ref"], dependsOn: [...new Set([...services, ...web])].sort() },
    ...dependencies
      .filter((it) => refs.has(it.ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((it) => refs.has(it)) })),
  ],
};
process.stdout.write(`${JSON.stringify(reduced, undefined, 2)}\n`);
