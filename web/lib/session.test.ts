import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createRouterTransport } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { AuthService } from "#gen/shop/auth/v1/auth_service_pb.js";
import { Role } from "#gen/shop/auth/v1/user_pb.js";
import { createFlags } from "./flags.ts";
import { createSession } from "./session.ts";

const LIFE_MS = 600_000;

/** A browser with one cookie, and an auth service that takes each refresh token once. */
function createBrowser() {
  let nowMs = 1_700_000_000_000;
  let cookie: string | undefined;
  let issued = 0;
  const calls: string[] = [];
  const storage = new Map<string, string>();
  let queue: Promise<unknown> = Promise.resolve();

  function answer(call: string, role: Role) {
    calls.push(call);
    issued++;
    cookie = `refresh-${issued}`;
    const user = { userId: role === Role.GUEST ? "guest" : "ada", role };
    return { user, accessToken: { token: `access-${issued}`, expireTime: timestampFromMs(nowMs + LIFE_MS) } };
  }
  let role = Role.GUEST;
  const transport = createRouterTransport(({ service }) => {
    service(AuthService, {
      async refreshToken() {
        const shown = cookie;
        await new Promise((resolve) => setTimeout(resolve, 1));
        if (shown === undefined || shown !== cookie) throw new ConnectError("used twice", Code.Unauthenticated);
        return answer("refresh", role);
      },
      signInAsGuest: () => answer("guest", Role.GUEST),
      signIn() {
        role = Role.CUSTOMER;
        return answer("sign-in", role);
      },
      signOut() {
        calls.push("sign-out");
        cookie = undefined;
        return {};
      },
    });
  });
  return {
    calls,
    storage,
    /** Time goes by. */
    pass: (ms: number) => (nowMs += ms),
    /** The server forgets the session. */
    endSession: () => (cookie = undefined),
    openTab: () =>
      createSession({
        transport,
        nowMs: () => nowMs,
        flags: createFlags(() => ({
          getItem: (name) => storage.get(name) ?? null,
          setItem: (name, value) => storage.set(name, value),
          removeItem: (name) => storage.delete(name),
        })),
        locks: {
          request<T>(_: string, work: () => Promise<T>): Promise<T> {
            const turn = queue.then(work);
            queue = turn.catch(() => undefined);
            return turn;
          },
        },
      }),
  };
}

test("somebody new makes no call until a token is needed", async () => {
  const browser = createBrowser();
  const session = browser.openTab();
  await session.start();
  expect(session.state().phase).toBe("nobody");
  expect(await session.token("anybody")).toBeUndefined();
  expect(await session.token("account")).toBeUndefined();
  expect(browser.calls).toEqual([]);
});

test("one guest is made, however many calls need a token at once", async () => {
  const browser = createBrowser();
  const session = browser.openTab();
  await session.start();
  const tokens = await Promise.all([session.token("guest"), session.token("guest"), session.token("guest")]);
  expect(new Set(tokens)).toEqual(new Set(["access-1"]));
  expect(browser.calls).toEqual(["guest"]);
});

test("a token about to expire is renewed once for all who ask", async () => {
  const browser = createBrowser();
  const session = browser.openTab();
  await session.token("guest");
  browser.pass(LIFE_MS - 1000);
  const tokens = await Promise.all([session.token("guest"), session.token("guest"), session.token("account")]);
  expect(new Set(tokens)).toEqual(new Set(["access-2"]));
  expect(browser.calls).toEqual(["guest", "refresh"]);
});

test("two tabs never use one refresh token", async () => {
  const browser = createBrowser();
  await browser.openTab().token("guest");
  const [one, other] = [browser.openTab(), browser.openTab()];
  await Promise.all([one.start(), other.start()]);
  expect([one.state().phase, other.state().phase]).toEqual(["guest", "guest"]);
  expect(browser.calls).toEqual(["guest", "refresh", "refresh"]);
});

test("a refused token is replaced once, also when two calls were refused", async () => {
  const browser = createBrowser();
  const session = browser.openTab();
  await session.token("guest");
  const tokens = await Promise.all([session.replace("access-1"), session.replace("access-1")]);
  expect(tokens).toEqual(["access-2", "access-2"]);
  expect(await session.replace("access-1")).toBe("access-2");
  expect(browser.calls).toEqual(["guest", "refresh"]);
});

test("signing in hands out the guest's token, so that the cart can follow", async () => {
  const browser = createBrowser();
  const session = browser.openTab();
  await session.token("guest");
  expect(await session.signIn({ email: "ada@example.com", password: "secret" })).toEqual({ guestToken: "access-1" });
  expect(session.state()).toMatchObject({ phase: "signed-in", user: { userId: "ada" } });
});

test("a session that ended leaves nobody, and no call that must fail", async () => {
  const browser = createBrowser();
  const session = browser.openTab();
  await session.signIn({ email: "ada@example.com", password: "secret" });
  browser.endSession();
  browser.pass(LIFE_MS);
  expect(await session.token("account")).toBeUndefined();
  expect(session.state().phase).toBe("nobody");
  await session.token("account");
  expect(browser.calls).toEqual(["sign-in"]);
});

test("no token is ever stored", async () => {
  const browser = createBrowser();
  const session = browser.openTab();
  await session.token("guest");
  await session.signIn({ email: "ada@example.com", password: "secret" });
  expect([...browser.storage].flat().join(" ")).not.toMatch(/access|refresh/);
  await session.signOut();
  expect(browser.storage.size).toBe(0);
});
