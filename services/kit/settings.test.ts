import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KNOWN_PASSWORDS } from "./known-passwords.ts";
import { POOL_MAX } from "./postgres/settings.ts";
import { DEFAULT_PORTS, readSettings } from "./settings.ts";
import { StartError } from "./start-error.ts";

/** Wrong values, and what the sentence about each must say besides the variable's name. */
const WRONG: readonly [variable: string, value: string, says: string][] = [
  ["ENVIRONMENT", "production", "one of dev, qat, uat, prod"],
  ["ENVIRONMENT", "DEV", "one of dev, qat, uat, prod"],
  ["LOG_LEVEL", "verbose", "one of trace, debug, info, warn, error, fatal, silent"],
  ["ENABLE_METRICS", "yes", "one of true, false"],
  ["SIMULATE_FULFILMENT", "1", "one of true, false"],
  ["DEMO_CATALOGUE", "no", "one of true, false"],
  ["FULFILMENT_STEP_SECONDS", "0", "a whole number from 1 to 86400"],
  ["FULFILMENT_STEP_SECONDS", "1.5", "a whole number from 1 to 86400"],
  ["WEB_PORT", "-1", "a whole number from 0 to 65535"],
  ["IMAGE_STORE", "ftp", "one of disk, postgres, s3"],
  ["IMAGE_STORE", "s3", "S3_URL is not set"],
  ["ENABLE_REFLECTION", "dev", "one of true, false"],
  ["SHUTDOWN_DELAY_MS", "60001", "a whole number from 0 to 60000"],
  ["SHUTDOWN_DELAY_MS", "5s", "a whole number from 0 to 60000"],
  ["POSTGRES_URL", "localhost:5432", "postgres:// or postgresql://"],
  ["POSTGRES_URL", "mysql://localhost/shop", "postgres:// or postgresql://"],
  ["PRODUCT_URL", "product:3001", "http:// or https://"],
  ["PRODUCT_URL", "ftp://product", "http:// or https://"],
  ["PRODUCT_URL", "http://product:3001,", "http:// or https://"],
  ["PRODUCT_URL", "http://product:3001,product:3002", "http:// or https://"],
  ["PRODUCT_URL", Array.from({ length: 17 }, (_, at) => `http://product-${at}`).join(","), "more than 16 URLs"],
  ["POSTGRES_POOL_MAX", "0", "a whole number from 2 to 100"],
  ["POSTGRES_POOLER", "session", "one of none, transaction"],
  ["POSTGRES_POOLER", "transaction", "POSTGRES_DIRECT_URL must be set"],
  ["POSTGRES_REPLICA_URL", "postgres://replica/shop", "POSTGRES_URL is not"],
  ["POSTGRES_URL", "postgres://db/shop?sslmod=require", 'has a parameter "sslmod", but there are only sslmode, '],
  ["POSTGRES_URL", "postgres://db/shop?SSLMODE=require", 'has a parameter "SSLMODE"'],
  ["POSTGRES_DIRECT_URL", "postgres://db/shop?sslmod=require", 'has a parameter "sslmod"'],
  ["POSTGRES_REPLICA_URL", "postgres://db/shop?dbname=shop", 'has a parameter "dbname"'],
  ["POSTGRES_URL", "postgres://db/shop?sslmode=on", "must be one of disable, prefer, require"],
  ["POSTGRES_URL", "postgres://db/shop?sslrootcert=/no/ca.pem", "no such file that can be read"],
  ["SHOP_URL", "shop.example", "http:// or https://"],
  ["ADMIN_EMAIL", "admin", "an e-mail address"],
  ["ADMIN_EMAIL", "a@b@c", "an e-mail address"],
  ["ADMIN_PASSWORD", "short", "at least 8 characters"],
  ["ADMIN_PASSWORD", "é".repeat(37), "at most 72 bytes"],
];

const SASL = { KAFKA_SASL: "plain", KAFKA_USERNAME: "shop" };

function complaint(env: Record<string, string>): string {
  try {
    readSettings(env);
  } catch (error) {
    expect(error).toBeInstanceOf(StartError);
    return (error as Error).message;
  }
  throw new Error(`${JSON.stringify(env)} was taken`);
}

describe("a wrong setting", () => {
  it.each(WRONG)("%s=%s stops the start with a sentence that says what it must be", (variable, value, says) => {
    const sentence = complaint({ [variable]: value });
    expect(sentence).toContain(variable);
    expect(sentence).toContain(says);
    expect(sentence).toMatch(/\.$/);
  });

  it("of a port is refused for every workload, whatever is wrong with it", () => {
    const workload = fc.constantFrom(...Object.keys(DEFAULT_PORTS));
    const wrong = fc.oneof(
      fc.integer({ min: 65_536 }).map(String),
      fc.integer({ max: -1 }).map(String),
      fc.constantFrom("http", "80a", " 80", "8e3", "0x50", "80.0", "٣٠٠٠"),
    );
    fc.assert(
      fc.property(workload, wrong, (name, value) => {
        const sentence = complaint({ [`${name.toUpperCase()}_PORT`]: value });
        expect(sentence).toContain(`${name.toUpperCase()}_PORT is "${value}", but it must be a whole number from 0`);
      }),
    );
  });

  it("never repeats what may hold a password", () => {
    for (const variable of ["POSTGRES_URL", "PRODUCT_URL", "ADMIN_PASSWORD"])
      expect(complaint({ [variable]: "hunter2" })).not.toContain("hunter2");
    const cut = "postgres://shop:1?hunter2=@db/shop";
    expect(complaint({ POSTGRES_URL: cut })).toContain("POSTGRES_URL has a parameter that there is not");
    expect(complaint({ POSTGRES_URL: cut })).not.toContain("hunter2");
  });
});

it("a PostgreSQL's URL may have what drivers and providers know", () => {
  const parameters = "sslmode=verify-full&channel_binding=require&connect_timeout=10&application_name=shop";
  const url = `postgres://shop@db/shop?${parameters}`;
  expect(readSettings({ POSTGRES_URL: url, POSTGRES_REPLICA_URL: url })).toMatchObject({ postgresUrl: url });
});

describe("a password that everybody knows", () => {
  const [known = ""] = KNOWN_PASSWORDS;
  const GUARDED: readonly [variable: string, value: string][] = [
    ["ADMIN_PASSWORD", known],
    ["POSTGRES_URL", `postgres://shop:${known}@db/shop?sslmode=require`],
    ["POSTGRES_URL", `postgres://shop@db/shop?sslmode=require&password=${known}`],
    ["MONGODB_URL", `mongodb://shop:${known}@a:27017,b:27017/shop?replicaSet=shop`],
    ["REDIS_URL", `redis://:${known}@redis:6379/0`],
    ["REDIS_URL", `rediss+sentinel://shop:${known}@a:26379,b:26379/main/0`],
    ["S3_URL", `https://key:%73${known.slice(1)}@s3.example/pictures`],
    ["KAFKA_PASSWORD", known],
  ];

  it.each(GUARDED)("%s=%s stops the start in every environment but dev", (variable, value) => {
    const env = { KAFKA_BROKERS: "kafka:9092", ...(variable === "KAFKA_PASSWORD" && SASL), [variable]: value };
    expect(() => readSettings(env)).not.toThrow();
    for (const environment of ["qat", "uat", "prod"]) {
      const sentence = complaint({ ...env, ENVIRONMENT: environment });
      expect(sentence).toContain(`password of ${variable} is`);
      expect(sentence).toContain(`ENVIRONMENT is ${environment}.`);
      expect(sentence).not.toContain(value);
    }
    const own = value.replace(known, "my-own-word").replace(`%73${known.slice(1)}`, "my-own-word");
    expect(() => readSettings({ ...env, [variable]: own, ENVIRONMENT: "prod" })).not.toThrow();
  });

  it("may be part of a name: users, databases and hosts are not secret", () => {
    const env = { POSTGRES_URL: `postgres://${known}:my-own-word@${known}/${known}`, ENVIRONMENT: "prod" };
    expect(readSettings(env)).toMatchObject({ environment: "prod" });
  });
});

describe("ports", () => {
  it("that two workloads share are refused, naming both; free ones (0) may be many", () => {
    const names = Object.keys(DEFAULT_PORTS).map((it) => `${it.toUpperCase()}_PORT`);
    const pair = fc.uniqueArray(fc.constantFrom(...names), { minLength: 2, maxLength: 2 });
    fc.assert(
      fc.property(pair, fc.integer({ min: 10_000, max: 65_535 }), (pair, port) => {
        const sentence = complaint(Object.fromEntries(pair.map((it) => [it, `${port}`])));
        for (const name of pair) expect(sentence).toContain(name);
        expect(sentence).toContain(`${port}`);
      }),
    );
    expect(complaint({ CART_PORT: "3001" })).toContain("PRODUCT_PORT");
    const free = readSettings(Object.fromEntries(names.map((it) => [it, "0"])));
    expect(new Set(Object.values(free.ports))).toEqual(new Set([0]));
  });

  it("are those of the design unless said otherwise", () => {
    expect(readSettings({}).ports).toEqual(DEFAULT_PORTS);
    expect(readSettings({ PRODUCT_PORT: "13001" }).ports).toEqual({ ...DEFAULT_PORTS, product: 13_001 });
  });
});

describe("without settings", () => {
  const laptop = {
    environment: "dev",
    dataDir: ".data",
    host: "127.0.0.1",
    postgresUrl: undefined,
    postgres: { poolMax: POOL_MAX, pooler: "none", directUrl: undefined, replicaUrl: undefined },
    adminEmail: "admin@shopmesh.example",
    adminPassword: undefined,
    logLevel: "warn",
    enableMetrics: true,
    simulateFulfilment: true,
    fulfilmentStepSeconds: 15,
    demoCatalogue: true,
    shutdownDelayMs: 0,
    webPort: 8080,
    imageStore: "disk",
    urls: {},
  };
  const production = {
    host: "0.0.0.0",
    logLevel: "info",
    simulateFulfilment: false,
    demoCatalogue: false,
    shutdownDelayMs: 5_000,
  };

  it("a laptop gets what makes the shop run at once", () => {
    expect(readSettings({})).toMatchObject(laptop);
    // A variable that is set to nothing, as compose files do, is one that is not set.
    expect(readSettings({ ENVIRONMENT: "", POSTGRES_URL: "", LOG_LEVEL: "", PRODUCT_PORT: "" })).toMatchObject(laptop);
  });

  it.each(["qat", "uat", "prod"])("%s gets no demonstration and time for load balancers", (environment) => {
    expect(readSettings({ ENVIRONMENT: environment })).toMatchObject({ environment, ...production });
  });

  it.each([
    ["dev", true],
    ["qat", true],
    ["uat", false],
    ["prod", false],
  ])("in %s, that services describe themselves to tools is %s", (environment, enableReflection) => {
    expect(readSettings({ ENVIRONMENT: environment })).toMatchObject({ enableReflection });
    expect(readSettings({ ENVIRONMENT: environment, ENABLE_REFLECTION: `${!enableReflection}` })).toMatchObject({
      enableReflection: !enableReflection,
    });
  });

  it("what is set wins over the environment's default", () => {
    const env = {
      ENVIRONMENT: "prod",
      DEMO_CATALOGUE: "true",
      LOG_LEVEL: "debug",
      HOST: "::",
      PRODUCT_URL: "http://p/",
      CART_URL: "http://a:1/, http://b:2",
    };
    expect(readSettings(env)).toMatchObject({
      demoCatalogue: true,
      logLevel: "debug",
      host: "::",
      urls: { product: "http://p", cart: "http://a:1,http://b:2" },
    });
  });
});
