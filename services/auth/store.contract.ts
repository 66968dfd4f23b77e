import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newAccount } from "./accounts.ts";
import { sweepAll } from "./housekeeping.ts";
import { afterAttempt, MEMORY_MS } from "./lockout.ts";
import { missingKey } from "./signing-keys.ts";
import { type TestStore, UNTELLABLE } from "./testing.ts";

const NOW_MS = Date.UTC(2026, 0, 1);
const person = (email = `${randomUUID()}@shop.example`, role: "customer" | "admin" = "customer") =>
  newAccount({ email, displayName: "Ada", role, passwordHash: "hash" }, NOW_MS);
const times = <T>(count: number, work: () => Promise<T>) => Promise.all(Array.from({ length: count }, work));

/** What every store of auth has to do. */
export function storeContract(name: string, open: () => Promise<TestStore>): void {
  describe(`auth store: ${name}`, () => {
    let test: TestStore;
    beforeAll(async () => {
      test = await open();
    });
    afterAll(() => test.close());

    it("gives an address one account, whoever comes at once, and tells of it once", async () => {
      const email = "twins@shop.example";
      const results = await times(5, () => {
        const { account, event } = person(email);
        return test.store.insertAccount(account, event);
      });
      expect(results.filter(Boolean)).toHaveLength(1);
      const account = await test.store.accountByEmail(email);
      expect(account).toMatchObject({
        email,
        displayName: "Ada",
        role: "customer",
        createMs: NOW_MS,
        version: 1,
        passwordHash: "hash",
      });
      const told = test.events.filter((it) => it.event.case === "signedUp" && it.event.value.email === email);
      expect(told.map((it) => it.userId)).toEqual([account?.userId]);
    });

    it("stores no account whose event cannot be stored", async () => {
      const { account, event } = person("silent@shop.example");
      await expect(
        test.store.insertAccount({ ...account, userId: UNTELLABLE }, { ...event, userId: UNTELLABLE }),
      ).rejects.toThrow("no outbox");
      expect(await test.store.accountByEmail(account.email)).toBeUndefined();
    });

    it("makes one first administrator, and none of a customer's address", async () => {
      const customer = person();
      await test.store.insertAccount(customer.account, customer.event);
      const taken = person(customer.account.email, "admin");
      expect(await test.store.insertFirstAdministrator(taken.account, taken.event)).toBe("email_taken");
      const results = await times(4, () => {
        const { account, event } = person(undefined, "admin");
        return test.store.insertFirstAdministrator(account, event);
      });
      expect(results.toSorted()).toEqual(["created", "exists", "exists", "exists"]);
      expect((await test.store.firstAdministrator())?.role).toBe("admin");
    });

    it("changes a profile with its event, or leaves it", async () => {
      const { account, event } = person();
      await test.store.insertAccount(account, event);
      const rename = (displayName: string) => test.store.updateProfile(account.userId, () => ({ displayName, event }));
      await Promise.all([rename("Grace"), rename("Edsger")]);
      const left = await test.store.updateProfile(account.userId, () => undefined);
      expect(left?.version).toBe(3);
      expect(["Grace", "Edsger"]).toContain(left?.displayName);
      expect(await test.store.updateProfile(randomUUID(), () => ({ displayName: "Nobody", event }))).toBeUndefined();
    });

    it("knows whose a session is until it ends; a guest is their session", async () => {
      const { account, event } = person();
      await test.store.insertAccount(account, event);
      const [own, guests, tokenHash] = [randomUUID(), randomUUID(), randomBytes(32)];
      const times = { createMs: NOW_MS, expireMs: NOW_MS + 1000 };
      await test.store.insertSession({ sessionId: own, userId: account.userId, ...times }, tokenHash);
      await test.store.insertSession({ sessionId: guests, userId: undefined, ...times });
      expect(await test.store.memberOf(own, NOW_MS)).toMatchObject({ userId: account.userId, role: "customer" });
      expect(await test.store.memberOf(guests, NOW_MS)).toMatchObject({
        userId: guests,
        role: "guest",
        email: "",
        version: 0,
      });
      expect(await test.store.memberOf(guests, NOW_MS + 1000)).toBeUndefined();
      await test.store.endSession(tokenHash);
      await test.store.endSession(tokenHash);
      expect(await test.store.memberOf(own, NOW_MS)).toBeUndefined();
    });

    it("counts every attempt of many at once", async () => {
      const hash = randomBytes(32);
      const count = () => test.store.countAttempt(hash, (before) => ({ ...before, failures: before.failures + 1 }));
      const before = await times(8, count);
      expect(before.map((it) => it.failures).toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      await test.store.forgetAttempts(hash);
      expect((await count()).failures).toBe(0);
    });

    it("gets one key of several replicas that find it missing", async () => {
      const seen = await times(4, () => test.store.addSigningKey((keys) => missingKey(keys, NOW_MS)));
      expect(new Set(seen.flat().map((it) => it.kid)).size).toBe(1);
      expect(await test.store.signingKeys()).toEqual(seen[0]);
    });

    it("sweeps what is over, batch by batch, and nothing else", async () => {
      const sessions = Array.from({ length: 7 }, (_, index) => ({
        sessionId: randomUUID(),
        userId: undefined,
        createMs: NOW_MS,
        expireMs: NOW_MS + index * 1000,
      }));
      for (const session of sessions) await test.store.insertSession(session, randomBytes(32));
      const hash = randomBytes(32);
      await test.store.countAttempt(hash, (before) => afterAttempt(before, NOW_MS));
      await sweepAll(test.store, () => NOW_MS + 4500, 2);
      const living = await Promise.all(
        sessions.map(async (it) => (await test.store.memberOf(it.sessionId, NOW_MS - 1)) !== undefined),
      );
      expect(living).toEqual([false, false, false, false, false, true, true]);
      expect((await test.store.countAttempt(hash, (before) => before)).failures).toBe(1);
      await sweepAll(test.store, () => NOW_MS + MEMORY_MS + 1, 2);
      expect((await test.store.countAttempt(hash, (before) => before)).failures).toBe(0);
    });
  });
}
