import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/auth/v1/error_reason_pb.js";
import { isFailure } from "#kit/failure.ts";
import { createTokenIssuer } from "./access-tokens.ts";
import { newAccount } from "./accounts.ts";
import { RACE_GRACE_MS } from "./refresh.ts";
import { ACCOUNT_IDLE_MS, createSessions, GUEST_IDLE_MS } from "./sessions.ts";
import { openTestStore, type TestStore, testClock } from "./testing.ts";

let test: TestStore;
beforeAll(async () => {
  test = await openTestStore();
});
afterAll(() => test.close());

async function setUp() {
  const clock = testClock();
  const ended: string[] = [];
  const sessions = createSessions({
    store: test.store,
    tokens: createTokenIssuer({ store: test.store, nowMs: clock.nowMs }),
    nowMs: clock.nowMs,
    onEnded: (sessionId) => ended.push(sessionId),
  });
  const { account, event } = newAccount(
    { email: `${randomUUID()}@shop.example`, displayName: "Ada", role: "customer", passwordHash: "" },
    clock.nowMs(),
  );
  await test.store.insertAccount(account, event);
  /** The next refresh token, or undefined when the session is over. */
  const use = async (refreshToken: string): Promise<string | undefined> => {
    try {
      return (await sessions.refresh(refreshToken)).refreshToken;
    } catch (error) {
      if (isFailure(error, ErrorReasonSchema, ErrorReason.SESSION_ENDED)) return undefined;
      throw error;
    }
  };
  return { clock, sessions, account, use, ended };
}

const step = fc.oneof(
  fc.record({ kind: fc.constant("use" as const), which: fc.nat({ max: 6 }) }),
  fc.record({
    kind: fc.constant("wait" as const),
    ms: fc.constantFrom(100, RACE_GRACE_MS - 200, RACE_GRACE_MS + 1, 600_000),
  }),
);

/** What the rule says, told by another means: tokens in the order they were issued, and when each was used up. */
function createModel(first: string) {
  const tokens: { value: string; replacedMs?: number }[] = [{ value: first }];
  return {
    tokens,
    living: true,
    /** Counted from the newest: those are the ones that matter. */
    pick: (which: number) => tokens.at(-1 - (which % tokens.length)) ?? { value: first },
    use(token: { replacedMs?: number }, nowMs: number): boolean {
      this.living &&= token.replacedMs === undefined || nowMs - token.replacedMs <= RACE_GRACE_MS;
      if (this.living && token.replacedMs === undefined) for (const other of tokens) other.replacedMs ??= nowMs;
      return this.living;
    },
  };
}

it("has one living chain of refresh tokens, and ends the session when a used one comes back", async () => {
  const { clock, sessions, account, use } = await setUp();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
      const model = createModel((await sessions.start(account)).refreshToken);
      for (const it of steps) {
        if (it.kind === "wait") {
          clock.pass(it.ms);
          continue;
        }
        const token = model.pick(it.which);
        const next = await use(token.value);
        expect(next !== undefined).toBe(model.use(token, clock.nowMs()));
        if (next !== undefined) model.tokens.push({ value: next });
      }
      clock.pass(RACE_GRACE_MS + 1);
      // Whoever holds the newest token is never shut out by time alone; afterwards no token seen so far is good for anything.
      expect((await use(model.pick(0).value)) !== undefined).toBe(model.living);
      clock.pass(RACE_GRACE_MS + 1);
      for (const token of model.tokens) expect(await use(token.value)).toBeUndefined();
    }),
    { numRuns: 40 },
  );
});

it("lets tabs that refresh at the same moment all go on", async () => {
  const { clock, sessions, account, use } = await setUp();
  const { refreshToken } = await sessions.start(account);
  const tabs = await Promise.all(Array.from({ length: 6 }, () => use(refreshToken)));
  expect(new Set(tabs).size).toBe(6);
  expect(tabs).not.toContain(undefined);
  clock.pass(600_000);
  expect(await use(tabs[3] ?? "")).toBeDefined();
});

it.each([
  { who: "an account's", guest: false, idleMs: ACCOUNT_IDLE_MS },
  { who: "a guest's", guest: true, idleMs: GUEST_IDLE_MS },
])("ends $who session after its time of silence, not before", async ({ guest, idleMs }) => {
  const { clock, sessions, account, use } = await setUp();
  const session = await sessions.start(guest ? undefined : account);
  let { refreshToken } = session;
  for (let round = 0; round < 3; round += 1) {
    clock.pass(idleMs - 1);
    refreshToken = (await use(refreshToken)) ?? "";
  }
  expect(refreshToken).not.toBe("");
  clock.pass(idleMs);
  expect(await use(refreshToken)).toBeUndefined();
});

it("tells of sessions that end before their time: their access tokens live on", async () => {
  const { clock, sessions, account, use, ended } = await setUp();
  const [signedOut, stolen] = [await sessions.start(account), await sessions.start(undefined)];
  const idOf = ({ accessToken }: { accessToken: { token: string } }) =>
    (JSON.parse(Buffer.from(accessToken.token.split(".")[1] ?? "", "base64url").toString()) as { sid: string }).sid;
  await sessions.end(signedOut.refreshToken);
  await sessions.end(signedOut.refreshToken);
  await sessions.end(undefined);
  expect(ended).toEqual([idOf(signedOut)]);
  await use(stolen.refreshToken);
  clock.pass(RACE_GRACE_MS + 1);
  await use(stolen.refreshToken);
  expect(ended).toEqual([idOf(signedOut), idOf(stolen)]);
});

it("gives the process a token whose session ends by itself", async () => {
  const { clock, sessions, account } = await setUp();
  const { token, expireMs } = await sessions.startBrief(account, 60_000);
  const { sid } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { sid: string };
  expect(expireMs).toBe(clock.nowMs() + 60_000);
  expect((await sessions.memberOf(sid)).userId).toBe(account.userId);
  clock.pass(60_000);
  await expect(sessions.memberOf(sid)).rejects.toThrow("over");
});
