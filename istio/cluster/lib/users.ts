import { createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import jwt from "jsonwebtoken";
import { AuthService } from "#gen/shop/auth/v1/auth_service_pb.js";
import { UserService } from "#gen/shop/auth/v1/user_service_pb.js";
import { TOKEN_ISSUER } from "#kit/identity/access-token.ts";
import { podLabels } from "../../names.ts";
import type { Tokens } from "../table/run.ts";
import type { Edge } from "./edge.ts";
import { inPod } from "./in-pod.ts";
import { kubectl, readyPod, until } from "./kubectl.ts";

/** Expired for longer than any proxy's clock is allowed to be wrong (Envoy: 60 s). */
const EXPIRED_SECONDS = 3_600;

/** Where the ingress is for Node's TLS: its name is the certificate's, its address another. */
export function tlsOptions({ certificate, address }: Edge) {
  const family = address.includes(":") ? 6 : 4;
  type Done = (error: null, address: string | { address: string; family: number }[], family?: number) => void;
  const lookup = (_: string, { all }: { all?: boolean }, done: Done) =>
    all === true ? done(null, [{ address, family }]) : done(null, address, family);
  return { ca: certificate, lookup };
}

/** Calls through the ingress, as a browser makes them. */
export function edgeTransport(edge: Edge, interceptors: Interceptor[] = []): Transport {
  const baseUrl = `https://${edge.host}:${edge.port}`;
  return createConnectTransport({ baseUrl, httpVersion: "2", nodeOptions: tlsOptions(edge) as object, interceptors });
}

/** Somebody new with an account. */
export function somebody() {
  const email = `ada-${crypto.randomUUID()}@example.com`;
  return { email, password: "correct horse battery", displayName: "Ada Lovelace" };
}

/** The name of the Secret that auth reads: it holds a hash of the content. */
const SECRET_OF_AUTH = "{.spec.template.spec.containers[0].envFrom[*].secretRef.name}";

async function administrator(): Promise<{ email: string; password: string }> {
  const name = await kubectl(["get", "deployment", "auth", "-o", `jsonpath=${SECRET_OF_AUTH}`]);
  const { data } = JSON.parse(await kubectl(["get", "secret", name, "-o", "json"])) as { data: Record<string, string> };
  const value = (key: string) => Buffer.from(data[key] ?? "", "base64").toString();
  return { email: value("ADMIN_EMAIL"), password: value("ADMIN_PASSWORD") };
}

/** An administrator's token as auth could have issued it, signed with its own key, but long over. */
async function expiredLike(token: string): Promise<string> {
  const { name } = await readyPod(podLabels("auth"));
  const { kid, pem } = await inPod<{ kid: string; pem: string }>({ pod: name, container: "auth" }, "signing-key", {});
  const { sub, sid, role } = jwt.decode(token) as Record<string, unknown>;
  const exp = Math.floor(Date.now() / 1000) - EXPIRED_SECONDS;
  const claims = { sub, sid, role, iss: TOKEN_ISSUER, aud: TOKEN_ISSUER, iat: exp - EXPIRED_SECONDS, exp };
  return jwt.sign(claims, pem, { algorithm: "ES256", keyid: kid });
}

/** The token with another signature, of the right form. */
function forgedLike(token: string): string {
  const [header, claims, signature = ""] = token.split(".");
  const bytes = Buffer.from(signature, "base64url");
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  return `${header}.${claims}.${bytes.toString("base64url")}`;
}

/** Signs in as each kind of user through the ingress. */
async function getTokens(edge: Edge): Promise<Tokens> {
  const auth = createClient(AuthService, edgeTransport(edge));
  const [guest, customer, admin] = await Promise.all([
    auth.signInAsGuest({}),
    auth.signUp(somebody()),
    administrator().then((it) => auth.signIn(it)),
  ]);
  const token = (answer: typeof guest | typeof customer | typeof admin) => answer.accessToken?.token ?? "";
  return {
    guest: token(guest),
    customer: token(customer),
    administrator: token(admin),
    expired: await expiredLike(token(admin)),
    forged: forgedLike(token(admin)),
  };
}

const ACCEPTED_MS = 150_000;

/**
 * Tokens of each kind that the mesh takes. After a first start that is a while later than auth is there: Istio's control plane
 * asks for the keys once a minute until it has them.
 */
export async function acceptedTokens(edge: Edge): Promise<Tokens> {
  const tokens = await until("somebody can sign in through the ingress", () => getTokens(edge), { timeoutMs: 60_000 });
  const accepted = async () => {
    const headers = { authorization: `Bearer ${tokens.customer}` };
    return createClient(UserService, edgeTransport(edge)).getProfile({}, { headers });
  };
  await until("the mesh takes tokens that auth issues", accepted, { timeoutMs: ACCEPTED_MS, everyMs: 2_000 });
  return tokens;
}
