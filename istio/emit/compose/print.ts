import { Document, isMap, isScalar, Pair, Scalar, visit, type YAMLMap } from "yaml";
import type { Container } from "./container.ts";

/** The name of what all containers have in common. */
const COMMON = "confined";
/** These are read line by line, however short they are. */
const ALWAYS_BLOCK: readonly string[] = ["environment"];
const LINE_WIDTH = 120;
const FLOW_MAX = 4;

/** Without what stands in the common part with the same value. */
function ownOf(container: object, common: Readonly<Record<string, unknown>>): object {
  const own = Object.entries(container).filter(([key, it]) => JSON.stringify(common[key]) !== JSON.stringify(it));
  return Object.fromEntries(own);
}

const isPlain = (it: unknown): boolean => isScalar(it) || (isMap(it) && it.items.length === 0);
const isShort = ({ items }: YAMLMap): boolean => items.length <= FLOW_MAX && items.every((it) => isPlain(it.value));

/**
 * A project of Compose as a person would write it: what all containers have in common once, lists and small things on a line.
 * @param common what stands in most containers
 */
export function printProject(
  project: { readonly name: string; readonly services: Readonly<Record<string, Container>> },
  common: Readonly<Record<string, unknown>>,
): string {
  const { name, services, ...rest } = project;
  const own = Object.fromEntries(Object.entries(services).map(([key, it]) => [key, ownOf(it, common)]));
  // What YAML 1.1 would take for something else ("no") is put in quotes: Compose reads both.
  const document = new Document(
    { name, [`x-${COMMON}`]: common, services: own, ...rest },
    { merge: true, compat: "yaml-1.1", aliasDuplicateObjects: false },
  );
  const anchor = document.get(`x-${COMMON}`) as YAMLMap;
  const alias = document.createAlias(anchor, COMMON);
  for (const { value } of (document.get("services") as YAMLMap).items)
    (value as YAMLMap).items.unshift(new Pair(new Scalar("<<"), alias));
  visit(document, {
    Seq(_, node) {
      node.flow = node.items.every(isScalar);
    },
    Pair(_, { key, value }) {
      if (isMap(value)) value.flow = isShort(value) && !ALWAYS_BLOCK.includes(String(key));
    },
    Map(key, node) {
      if (typeof key === "number") node.flow = isShort(node);
    },
  });
  return document.toString({ lineWidth: LINE_WIDTH, flowCollectionPadding: false });
}
