import { Writable } from "node:stream";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AuthService } from "#gen/shop/auth/v1/auth_service_pb.js";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/auth/v1/error_reason_pb.js";
import { Role } from "#gen/shop/auth/v1/user_pb.js";
import { UserService } from "#gen/shop/auth/v1/user_service_pb.js";
import { type UserEvent, UserEventSchema } from "#gen/shop/events/v1/user_event_pb.js";
import * as mesh from "#gen/shop/mesh/v1/error_reason_pb.js";
import type { RunningEvents } from "#kit/events/create-events.ts";
import { startEvents } from "#kit/events/start-events.ts";
import { failureMetadata, isFailure } from "#kit/failure.ts";
import { type Running, startService } from "#kit/kit.ts";
import { createMetrics } from "#kit/metrics.ts";
import { type Database, openDatabase } from "#kit/postgres/database.ts";
import { startTestMesh, type TestMesh } from "#kit/testing/mesh.ts";
import type { NewAdministrator } from "./administrator.ts";
import { type AuthInProcess, createMain } from "./main.ts";

const PASSWORD = "correct horse battery";
let shop: TestMesh;
let running: Running;
let inProcess: AuthInProcess | undefined;
const administrators: NewAdministrator[] = [];
const heard: UserEvent[] = [];
let events: RunningEvents;
let database: Database;
let logged = "";

const main = createMain({
  passwordCost: 4,
  onAdministratorCreated: (it) => administrators.push(it),
  onReady: (it) => {
    inProcess ??= it;
  },
});

beforeAll(async () => {
  shop = await startTestMesh({});
  const sink = new Writable({
    write(chunk, _, done) {
      logged += String(chunk);
      done();
    },
  });
  running = await startService({ ...shop.shared, log: pino({ level: "trace" }, sink) }, "auth", main);
  const { log } = shop.shared;
  database = openDatabase({ url: shop.postgresUrl, schema: "auth", log });
  events = await startEvents({ database, metrics: createMetrics("auth"), log });
  await events.subscribe(UserEventSchema, "test", async ({ event }) => void heard.push(event));
});
afterAll(async () => {
  await events.close();
  await database.close();
  await running.close();
  await shop.close();
});

/** A browser as far as auth sees one: it keeps the cookie and the access token. */
function browser(headers: Record<string, string> = {}) {
  const transport = createConnectTransport({ baseUrl: shop.url("auth"), httpVersion: "1.1" });
  const [auth, user] = [createClient(AuthService, transport), createClient(UserService, transport)];
  const self = { cookie: "", line: "", token: "" };
  const options = () => ({
    headers: {
      ...headers,
      ...(self.cookie && { cookie: `theme=dark; ${self.cookie}` }),
      ...(self.token && { authorization: `Bearer ${self.token}` }),
    },
    onHeader(header: Headers) {
      self.line = header.get("set-cookie") ?? "";
      if (self.line !== "") self.cookie = self.line.split(";", 1)[0] ?? "";
    },
  });
  const keep = <T extends { accessToken?: { token: string } | undefined }>(answer: T): T => {
    self.token = answer.accessToken?.token ?? "";
    return answer;
  };
  return Object.assign(self, {
    signUp: async (email: string) =>
      keep(await auth.signUp({ email, password: PASSWORD, displayName: "Ada" }, options())),
    signIn: async (email: string, password = PASSWORD) => keep(await auth.signIn({ email, password }, options())),
    asGuest: async () => keep(await auth.signInAsGuest({}, options())),
    refresh: async () => keep(await auth.refreshToken({}, options())),
    signOut: () => auth.signOut({}, options()),
    profile: async () => (await user.getProfile({}, options())).user,
    rename: async (displayName: string, etag = "") =>
      (await user.updateProfile({ displayName, etag, updateMask: { paths: ["display_name"] } }, options())).user,
  });
}

const verify = (token: string) => shop.client(AuthService, { caller: "order" }).verifyToken({ token });
const failsWith = (reason: ErrorReason) => (error: unknown) => isFailure(error, ErrorReasonSchema, reason);
const isInvalidToken = (error: unknown) => isFailure(error, mesh.ErrorReasonSchema, mesh.ErrorReason.TOKEN_INVALID);
const refusal = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("an account", () => {
  it("goes from sign-up to sign-out", async () => {
    const ada = browser();
    const { user } = await ada.signUp("Ada@Shop.example");
    expect(user).toMatchObject({ email: "ada@shop.example", displayName: "Ada", role: Role.CUSTOMER });
    expect(ada.line).toMatch(
      /^shop_refresh=[\w-]{43}; Path=\/shop\.auth\.v1\.AuthService\/; Max-Age=86400; HttpOnly; SameSite=Strict$/,
    );
    expect(await ada.profile()).toEqual(user);
    const [cookie, token] = [ada.cookie, ada.token];
    expect((await ada.refresh()).user).toEqual(user);
    expect(ada.cookie).not.toBe(cookie);
    expect((await verify(token)).user).toEqual(user);
    await ada.signOut();
    expect(ada.line).toContain("shop_refresh=; ");
    expect(ada.line).toContain("Max-Age=0; ");
    // Whoever kept the cookie or the token has nothing of it.
    Object.assign(ada, { cookie, token: "" });
    expect(await refusal(ada.refresh())).toSatisfy(failsWith(ErrorReason.SESSION_ENDED));
    expect(await refusal(verify(token))).toSatisfy(isInvalidToken);
    await ada.signOut();
    ada.token = token;
    expect(await refusal(ada.profile())).toSatisfy(isInvalidToken);
  });

  it("belongs to one address, in capitals or not", async () => {
    await browser().signUp("grace@shop.example");
    expect(await refusal(browser().signUp("GRACE@shop.example"))).toSatisfy(failsWith(ErrorReason.EMAIL_TAKEN));
    expect((await browser().signIn("Grace@Shop.example")).user?.email).toBe("grace@shop.example");
  });

  it("changes its own profile, and notices when somebody else was faster", async () => {
    const [one, other] = [browser(), browser()];
    await one.signUp("edsger@shop.example");
    const before = await other.signUp("barbara@shop.example");
    const etag = (await one.profile())?.etag ?? "";
    const renamed = await one.rename("Edsger W.", etag);
    expect(renamed).toMatchObject({ displayName: "Edsger W.", email: "edsger@shop.example" });
    expect(await one.rename("Edsger W.", etag)).toEqual(renamed);
    expect(await refusal(one.rename("E. W.", etag))).toSatisfy(failsWith(ErrorReason.ETAG_MISMATCH));
    expect(await one.rename("E. W.")).toMatchObject({ displayName: "E. W." });
    expect(await other.profile()).toEqual(before.user);
  });

  it("keeps a guest's session going beside its own", async () => {
    const person = browser({ "x-forwarded-proto": "https" });
    const guest = await person.asGuest();
    expect(guest.user).toMatchObject({ role: Role.GUEST, email: "" });
    expect(person.line).toContain("Max-Age=604800; HttpOnly; SameSite=Strict; Secure");
    expect(await person.profile()).toEqual(guest.user);
    const account = await person.signUp("alan@shop.example");
    expect(account.user?.userId).not.toBe(guest.user?.userId);
    expect((await verify(guest.accessToken?.token ?? "")).user).toEqual(guest.user);
  });
});

describe("somebody else", () => {
  it("gets nowhere with a token or a cookie that is made up", async () => {
    expect(await refusal(verify(shop.as("admin").token))).toSatisfy(isInvalidToken);
    expect(await refusal(verify("not.a.token"))).toSatisfy(isInvalidToken);
    const stranger = browser();
    expect(await refusal(stranger.refresh())).toSatisfy(failsWith(ErrorReason.SESSION_ENDED));
    stranger.cookie = `shop_refresh=${"a".repeat(43)}`;
    expect(await refusal(stranger.refresh())).toSatisfy(failsWith(ErrorReason.SESSION_ENDED));
    await stranger.signOut();
    // A valid signature without a session behind it is nobody either.
    stranger.token = shop.as("customer").token;
    expect(await refusal(stranger.profile())).toSatisfy(failsWith(ErrorReason.SESSION_ENDED));
  });

  it("is locked out after five guesses, and learns nothing about who has an account", async () => {
    await browser().signUp("target@shop.example");
    const answers = async (email: string) => {
      const told = [];
      for (let guess = 0; guess < 6; guess += 1) {
        const error = await refusal(browser().signIn(email, "wrong password"));
        told.push([String(error), failureMetadata(error)]);
        expect(error).toSatisfy(failsWith(guess < 5 ? ErrorReason.CREDENTIALS_INVALID : ErrorReason.LOCKED_OUT));
      }
      return told;
    };
    expect(await answers("target@shop.example")).toEqual(await answers("nobody@shop.example"));
    expect(await refusal(browser().signIn("target@shop.example"))).toSatisfy(failsWith(ErrorReason.LOCKED_OUT));
  });
});

describe("the first administrator", () => {
  it("is made once, with a password that works", async () => {
    const [administrator] = administrators;
    expect(administrator).toMatchObject({ email: "admin@shopmesh.example", madeUp: true });
    expect(administrator?.password).toMatch(/^([a-z2-9]{5}-){3}[a-z2-9]{5}$/);
    expect((await browser().signIn(administrator?.email ?? "", administrator?.password)).user?.role).toBe(Role.ADMIN);
    const again = await startService(shop.shared, "auth", main);
    shop.shared.addresses.set("auth", `http://127.0.0.1:${running.port}`);
    await again.close();
    expect(administrators).toHaveLength(1);
  });

  it("lets the process act in their name", async () => {
    const token = (await inProcess?.issueAdministratorToken()) ?? "";
    expect((await verify(token)).user).toMatchObject({ role: Role.ADMIN, email: "admin@shopmesh.example" });
  });
});

it("tells who signed up and who changed their profile", async () => {
  const person = browser();
  const { user } = await person.signUp("told@shop.example");
  await person.rename("Told");
  const told = () => heard.filter((it) => it.userId === user?.userId).map((it) => it.event);
  await expect.poll(told, { timeout: 10_000 }).toMatchObject([
    { case: "signedUp", value: { email: "told@shop.example", displayName: "Ada" } },
    { case: "profileUpdated", value: { displayName: "Told" } },
  ]);
});

it("publishes its keys, and counts", async () => {
  const keys = await fetch(`${shop.url("auth")}/.well-known/jwks.json`);
  expect(keys.headers.get("cache-control")).toBe("public, max-age=300");
  expect(((await keys.json()) as { keys: unknown[] }).keys).toHaveLength(1);
  const metrics = await (await fetch(`http://127.0.0.1:${running.port}/metrics`)).text();
  expect(metrics).toMatch(/shop_sign_ups_total\{[^}]*\} [1-9]/);
  expect(metrics).toMatch(/shop_sign_ins_total\{[^}]*locked_out[^}]*\} [1-9]/);
});

it("never logs a password, a token or a cookie", async () => {
  const person = browser();
  await person.signUp("discreet@shop.example");
  await person.refresh();
  await refusal(person.signIn("discreet@shop.example", `${PASSWORD}!`));
  expect(logged).toContain("AuthService");
  for (const secret of [PASSWORD, person.token, person.cookie.split("=")[1] ?? "", administrators[0]?.password ?? ""]) {
    expect(secret).not.toBe("");
    expect(logged).not.toContain(secret);
  }
});
