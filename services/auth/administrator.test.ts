import { afterAll, beforeAll, expect, it } from "vitest";
import { newAccount } from "./accounts.ts";
import { ensureAdministrator } from "./administrator.ts";
import { createPasswords } from "./passwords.ts";
import { openTestStore, type TestStore } from "./testing.ts";

const passwords = createPasswords(4);
let test: TestStore;
beforeAll(async () => {
  test = await openTestStore();
});
afterAll(() => test.close());

const ensure = (email: string, password?: string) =>
  ensureAdministrator({ store: test.store, passwords, nowMs: Date.now }, { email, password });

it("makes one administrator as the settings say, whom later settings leave alone", async () => {
  const { account, event } = newAccount(
    { email: "customer@shop.example", displayName: "Ada", role: "customer", passwordHash: "" },
    Date.now(),
  );
  await test.store.insertAccount(account, event);
  await expect(ensure("Customer@Shop.example")).rejects.toThrow('ADMIN_EMAIL is "Customer@Shop.example"');

  const created = await ensure("Boss@Shop.example", "chosen by hand");
  expect(created).toEqual({ email: "boss@shop.example", password: "chosen by hand", madeUp: false });
  expect(await ensure("boss@shop.example", "another password")).toBeUndefined();
  expect(await ensure("other@shop.example")).toBeUndefined();
  const hash = (await test.store.accountByEmail("boss@shop.example"))?.passwordHash;
  expect(await passwords.matches("chosen by hand", hash)).toBe(true);
  expect(await passwords.matches("another password", hash)).toBe(false);
  expect(await test.store.accountByEmail("other@shop.example")).toBeUndefined();
});
