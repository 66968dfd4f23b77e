import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { currentCall } from "../call.ts";
import { spiffeIdOf } from "../identity/spiffe.ts";
import { createAuthority, type TestAuthority } from "../testing/certificates.ts";
import { echoContract } from "../testing/contract.ts";
import { eventually } from "../testing/eventually.ts";
import { fakeMain } from "../testing/fake.ts";
import { REALM, startTlsMesh, type TlsMesh } from "./testing/tls-mesh.ts";

const Echo = echoContract("back.product.v1");

let mesh: TlsMesh;
let next: TestAuthority;
let goOn: (() => void) | undefined;
beforeAll(async () => {
  next = await createAuthority("CN=the next authority");
  mesh = await startTlsMesh(["product", "order"]);
  const waits = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  await mesh.start(
    "product",
    fakeMain(Echo, {
      say: () => ({ value: `${currentCall()?.caller}` }),
      async *watch(request) {
        yield request;
        await waits;
        yield request;
      },
    }),
  );
});
afterAll(() => mesh.close());

/** The serial number of the certificate that the port shows now. */
async function shown(): Promise<string> {
  const socket: TLSSocket = connectTls({ port: mesh.port("product"), rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

/** Renews both workloads' certificates, and waits until the port shows the new one. */
async function renewAll(by: TestAuthority, ca: string): Promise<void> {
  const before = await shown();
  for (const it of ["order", "product"]) await mesh.renew(it, by, {}, ca);
  await eventually(async () => expect(await shown()).not.toBe(before));
}

describe("new certificates", () => {
  it("are taken up under load, from one authority to the next, without a call that fails", async () => {
    const lasting = (await mesh.clientsOf("order")).client(Echo);
    const stream = lasting.watch({ value: "held" })[Symbol.asyncIterator]();
    expect((await stream.next()).value).toMatchObject({ value: "held" });
    const ends: Record<string, number> = {};
    let over = false;
    const load = async () => {
      while (!over) {
        // One on a connection that stands, one on a new one.
        const fresh = await mesh.clientsOf("order");
        for (const client of [lasting, fresh.client(Echo)]) {
          const end = await client.say({ value: "" }).then(
            ({ value }) => value,
            (error: Error) => error.message,
          );
          ends[end] = (ends[end] ?? 0) + 1;
        }
        fresh.close();
      }
    };
    const running = Promise.all([load(), load()]);
    const both = `${mesh.authority.ca}\n${next.ca}\n`;
    await renewAll(mesh.authority, both);
    await renewAll(next, both);
    await renewAll(next, next.ca);
    const calls = ends.order ?? 0;
    await eventually(() => expect(ends.order).toBeGreaterThan(calls + 4));
    over = true;
    await running;
    expect(Object.keys(ends)).toEqual(["order"]);
    goOn?.();
    expect((await stream.next()).value).toMatchObject({ value: "held" });
  });

  it("make those of the authority before worthless", async () => {
    const { cert, key } = await mesh.authority.issue({ uris: [spiffeIdOf("order", REALM)] });
    const options = { cert, key, rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] };
    const socket = connectTls({ port: mesh.port("product"), ...options });
    socket.on("error", () => {});
    socket.write("GET /health HTTP/1.1\r\nhost: x\r\n\r\n");
    let text = "";
    socket.on("data", (it) => (text += it.toString("latin1")));
    await once(socket, "close");
    expect(text).toBe("");
  });

  it("that are broken are logged once, and the old ones serve on until the right ones come", async () => {
    const before = await shown();
    // Others may have been looked at between two of their files, when those were renewed.
    const complaints = () =>
      mesh.complaints.filter((it) => it.includes('"workload":"product"') && it.includes("stays in use"));
    expect(complaints()).toEqual([]);
    await writeFile(mesh.filesOf("product").key, "no key");
    await eventually(() => expect(complaints()).toHaveLength(1));
    expect(complaints()[0]).toContain("TLS_KEY");
    expect(await shown()).toBe(before);
    await mesh.renew("product", next, { uris: [spiffeIdOf("order", REALM)] });
    await eventually(() =>
      expect(complaints().at(-1)).toContain("must be for spiffe://cluster.local/ns/shopmesh/sa/product"),
    );
    expect(await shown()).toBe(before);
    await mesh.renew("product", next);
    await eventually(async () => expect(await shown()).not.toBe(before));
    const client = (await mesh.clientsOf("order")).client(Echo);
    expect(await client.say({ value: "" })).toMatchObject({ value: "order" });
    expect(complaints()).toHaveLength(2);
  });
});
