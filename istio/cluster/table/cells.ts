import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import { ROLE_LEVEL } from "#kit/identity/access-token.ts";
import { EDGE, EVERYBODY, type Mesh, type MeshMethod } from "../../model.ts";
import { WEB } from "../../names.ts";

/** A workload with a service account of the shop's namespace that no contract knows. */
export const STRANGER = "stranger";
/** A workload called "order", but in another namespace. */
export const NAMESAKE = "order of another namespace";
/** A pod that has no sidecar, so no identity. */
export const OUTSIDER = "pod without sidecar";

/** How a call shows whom it is made for. */
export const TOKENS = ["no token", "guest", "customer", "administrator", "expired", "forged"] as const;
export type TokenKind = (typeof TOKENS)[number];

const LEVEL: Partial<Record<TokenKind, User>> = {
  "no token": User.ANY,
  guest: ROLE_LEVEL.guest,
  customer: ROLE_LEVEL.customer,
  administrator: ROLE_LEVEL.admin,
};

/** One call of the table: what is called, by whom, for whom. */
export interface Cell {
  readonly callee: string;
  readonly method: MeshMethod;
  readonly caller: string;
  readonly token: TokenKind;
}

/** Who refused a call, and how; "nobody" when a service answered it, whatever it said of the request. */
export type Verdict =
  | { readonly refusedBy: "nobody" }
  | { readonly refusedBy: "mesh"; readonly how: "no connection" | "unauthenticated" | "permission denied" }
  | { readonly refusedBy: "process"; readonly how: string };

const THROUGH: Verdict = { refusedBy: "nobody" };

/** Everybody that calls in the table. */
export function callersOfTable(mesh: Mesh): string[] {
  return [...mesh.workloads.map((it) => it.name), WEB.name, EDGE, STRANGER, NAMESAKE, OUTSIDER];
}

/** Which part of the table is wanted. */
export interface Part {
  readonly wanted?: (method: MeshMethod, callee: string) => boolean;
  readonly callers?: readonly string[];
  readonly tokens?: readonly TokenKind[];
}

/** Every RPC × every caller × every token. */
export function cellsOf(mesh: Mesh, part: Part = {}): Cell[] {
  const { wanted = () => true, callers = callersOfTable(mesh), tokens = TOKENS } = part;
  return mesh.workloads.flatMap(({ name: callee, methods }) =>
    methods
      .filter((it) => wanted(it, callee))
      .flatMap((method) =>
        callers.flatMap((caller) => tokens.map((token) => ({ callee, method, caller, token }) satisfies Cell)),
      ),
  );
}

/**
 * What is asked for by plain HTTP, as if each path were a call: a mesh of nothing else. The tokens that come along are no
 * matter there, so cells of it have none.
 */
export function plainHttpOf(mesh: Mesh): Mesh {
  const [like] = mesh.workloads.flatMap((it) => it.methods);
  if (like === undefined) return { ...mesh, workloads: [] };
  const ask = (path: string, callers: readonly string[]): MeshMethod => {
    const name = path.endsWith("/") ? `${path}x` : path;
    return { ...like, service: "plain HTTP", name, path: name, kind: "unary", callers, user: User.ANY };
  };
  const workloads = mesh.workloads.map((it) => ({
    ...it,
    methods: (it.deployment.http ?? []).map(({ path, callers }) => ask(path, callers)),
  }));
  const [first] = workloads;
  const web = first === undefined ? [] : [{ ...first, ...WEB, methods: [ask("/", [EDGE])] }];
  return { ...mesh, workloads: [...workloads, ...web] };
}

/** Whether the contract names the caller. "Everybody" are the workloads of the shop's namespace, known or not. */
function names({ method, caller }: Cell): boolean {
  if (method.callers.includes(EVERYBODY)) return caller !== NAMESAKE;
  return method.callers.includes(caller);
}

/** What the contract wants of a mesh that checks tokens first, then callers and users. */
export function meshVerdict(cell: Cell): Verdict {
  if (cell.caller === OUTSIDER) return { refusedBy: "mesh", how: "no connection" };
  const level = LEVEL[cell.token];
  if (level === undefined) return { refusedBy: "mesh", how: "unauthenticated" };
  if (!names(cell) || level < cell.method.user) return { refusedBy: "mesh", how: "permission denied" };
  return THROUGH;
}

/** What the contract wants of a process that nothing stands in front of but mutual TLS. */
export function processVerdict(cell: Cell): Verdict {
  if (cell.caller === OUTSIDER) return { refusedBy: "mesh", how: "no connection" };
  if (!names(cell)) return { refusedBy: "process", how: "CALLER_NOT_ALLOWED" };
  const level = LEVEL[cell.token];
  if (level === undefined) return { refusedBy: "process", how: "TOKEN_INVALID" };
  if (level >= cell.method.user) return THROUGH;
  return { refusedBy: "process", how: cell.token === "no token" ? "TOKEN_MISSING" : "USER_NOT_ALLOWED" };
}

function article(token: TokenKind): string {
  if (token === "no token") return "without a token";
  return `with ${/^[aeiou]/.test(token) ? "an" : "a"} ${token}${token === "expired" || token === "forged" ? " token" : "'s token"}`;
}

function told(verdict: Verdict): string {
  if (verdict.refusedBy === "nobody") return "let it through";
  return `the ${verdict.refusedBy} refused it (${verdict.how})`;
}

/** What is wrong with a cell, as a sentence that names it. */
export function fault(cell: Cell, expected: Verdict, seen: Verdict | { readonly unclear: string }): string {
  const { callee, method, caller, token } = cell;
  const what = `${callee}: ${method.service.split(".").at(-1)}.${method.name} called by ${caller} ${article(token)}`;
  const { callers, user } = method;
  const contract = `the contract names ${callers.join(", ")} and asks for USER_${User[user]}`;
  const was = "unclear" in seen ? `it ended unclearly (${seen.unclear})` : told(seen);
  return `${what}: ${was}; expected: ${told(expected)}; ${contract}`;
}
