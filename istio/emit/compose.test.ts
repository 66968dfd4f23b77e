import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { KNOWN_PASSWORDS } from "#kit/known-passwords.ts";
import { readSettings } from "#kit/settings.ts";
import { ROOT } from "../contracts.ts";
import { ENGINES, type Engine, enginesOf, FULL, LEAN } from "../engines.ts";
import { calleesOf } from "../model.ts";
import { readMesh } from "../shop.ts";
import { interpolated, type Project, readProject, schemaFaults } from "../testing/compose/project.ts";
import { type Container, PROFILES, type Profile } from "./compose/container.ts";
import { containerNameOf } from "./compose/workloads.ts";
import { COMPOSE_FILE, emitCompose } from "./compose.ts";

const mesh = await readMesh();
const files = new Map(emitCompose(mesh).map((it) => [it.path, it.text]));
const yaml = files.get(COMPOSE_FILE) ?? "";
const projects: Readonly<Record<Profile, Project>> = {
  lean: readProject(yaml, "lean"),
  full: readProject(yaml, "full"),
};
/** What services are told; Grafana's is its own. */
const PASSWORDS = ["ADMIN_PASSWORD", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "S3_SECRET_KEY"];
const ENGINES_OF: Readonly<Record<Profile, ReadonlySet<Engine>>> = { lean: LEAN, full: FULL };
const everywhere = PROFILES.flatMap((profile) =>
  Object.entries(projects[profile].services).map(
    ([name, it]) => [`${name} (${profile})`, it, projects[profile]] as const,
  ),
);
const containerOf = (workload: string, profile: Profile) =>
  projects[profile].services[containerNameOf(workload, profile)] as Container;

describe("compose.yaml", () => {
  it("is as the specification's schema wants it", () => {
    expect(schemaFaults(yaml)).toBe("");
    expect(schemaFaults(yaml.replace("mem_limit: 512m", "mem_limits: 512m"))).toContain(
      "postgres must NOT have unevaluated properties",
    );
  });

  it("is generated, as it lies at the checkout's root", () => {
    expect(readFileSync(join(ROOT, COMPOSE_FILE), "utf8")).toBe(yaml);
  });

  it("sees files that there are", () => {
    for (const { file } of Object.values(projects.full.configs))
      expect(() => readFileSync(join(ROOT, file)), file).not.toThrow();
  });

  it("has no variable that .env.example does not tell of, with the value that it has without", () => {
    const told = (files.get(".env.example") ?? "").matchAll(/^#(\w+)=(.*)$/gm);
    const used = yaml.matchAll(/\$\{(\w+):-([^}]*)\}/g);
    const pairs = (all: Iterable<RegExpExecArray>) =>
      [...new Set([...all].map(([, name, value]) => `${name}=${value}`))].sort();
    expect(pairs(told)).toEqual(pairs(used));
  });

  it("has no password where nobody chose one but those that services refuse outside dev", () => {
    const known = [...yaml.matchAll(/\$\{\w+(?:PASSWORD|SECRET_KEY):-([^}]*)\}/g)].map(([, value]) => value);
    expect([...new Set(known)].sort()).toEqual([...KNOWN_PASSWORDS].sort());
  });
});

describe.each(PROFILES)("the profile %s", (profile) => {
  const { services, networks, volumes, configs } = projects[profile];

  it("has a container for each service and its engines, and those that all need", () => {
    const workloads = mesh.workloads.map((it) => containerNameOf(it.name, profile));
    const engines = [...ENGINES_OF[profile]];
    const more = profile === "full" ? ["mongodb-setup", "s3-setup", "prometheus", "grafana"] : [];
    const expected = ["certificates", "edge", "web", "demo", ...workloads, ...engines, ...more];
    expect(Object.keys(services).sort()).toEqual(expected.sort());
  });

  it("has all that its containers name", () => {
    for (const [name, it] of Object.entries(services)) {
      for (const network of Object.keys(it.networks ?? {})) expect(networks, name).toHaveProperty(network);
      for (const { source } of it.volumes ?? []) expect(volumes, name).toHaveProperty(source);
      for (const { source } of it.configs ?? []) expect(configs, name).toHaveProperty(source);
      for (const [other, { required }] of Object.entries(it.depends_on ?? {}))
        expect(required === false || other in services, `${name} waits for ${other}`).toBe(true);
    }
  });

  it("starts: nobody waits for itself, or for a health that nobody asks for", () => {
    const started = new Set<string>();
    const waiting = new Set(Object.keys(services));
    const awaited = (it: Container | undefined) =>
      Object.keys(it?.depends_on ?? {}).filter((other) => other in services);
    for (let before = -1; before !== started.size; ) {
      before = started.size;
      for (const name of waiting) if (awaited(services[name]).every((other) => started.has(other))) started.add(name);
    }
    expect([...waiting.difference(started)]).toEqual([]);
    for (const it of Object.values(services))
      for (const [other, { condition }] of Object.entries(it.depends_on ?? {}))
        if (condition === "service_healthy" && other in services)
          expect(services[other]?.healthcheck?.test, other).toBeDefined();
  });

  it("tells each service exactly where those are that it calls, and the engines that it uses", () => {
    for (const { name, deployment } of mesh.workloads) {
      const environment = containerOf(name, profile).environment ?? {};
      const variables = Object.values(ENGINES).map((it) => it.variable);
      const urls = Object.keys(environment).filter((it) => it.endsWith("_URL") || (variables as string[]).includes(it));
      const engines = enginesOf(deployment, ENGINES_OF[profile]).map((it) => ENGINES[it].variable);
      const callees = calleesOf(mesh, name).map((it) => `${it.toUpperCase()}_URL`);
      expect(urls.sort(), name).toEqual([...engines, ...callees].sort());
    }
  });

  it("says what the kit understands", () => {
    for (const { name, port } of mesh.workloads) {
      const settings = readSettings(containerOf(name, profile).environment ?? {});
      expect(settings.identity.kind, name).toBe("tls");
      expect(settings.ports[name as keyof typeof settings.ports], name).toBe(port);
      expect(settings.host, name).toBe("0.0.0.0");
    }
    expect(containerOf("image", profile).environment?.IMAGE_STORE).toBe(profile === "full" ? "s3" : "postgres");
  });

  it.each(PASSWORDS)("is refused outside dev by each service that is told %s, unless it is another one", (variable) => {
    const chosen = Object.fromEntries(PASSWORDS.map((it) => [it, "of-my-own"]));
    const environmentsWith = (env: Readonly<Record<string, string>>) => {
      const { services } = readProject(yaml, profile, { ENVIRONMENT: "prod", ...env });
      return mesh.workloads.map((it) => services[containerNameOf(it.name, profile)]?.environment ?? {});
    };
    const known = environmentsWith({ ...chosen, [variable]: "" });
    for (const [at, own] of environmentsWith(chosen).entries()) {
      expect(() => readSettings(own)).not.toThrow();
      const reading = expect(() => readSettings(known[at] ?? {}));
      if (isDeepStrictEqual(known[at], own)) reading.not.toThrow();
      else reading.toThrow("which everybody knows");
    }
  });

  it.each([
    [{}, true],
    [{ ENVIRONMENT: "prod" }, false],
    [{ ENVIRONMENT: "prod", DEMO_CATALOGUE: "true" }, true],
    [{ DEMO_CATALOGUE: "false" }, false],
  ])("with %o, that the demo catalogue is put on the shelves is %s", (env, expected) => {
    const { services } = readProject(yaml, profile, { ADMIN_PASSWORD: "of-my-own", ...env });
    expect(readSettings(services.demo?.environment ?? {}).demoCatalogue).toBe(expected);
  });

  it("joins with an engine's network who uses it, and nobody else", () => {
    for (const engine of ENGINES_OF[profile]) {
      const inside = Object.entries(services)
        .filter(([, it]) => engine in (it.networks ?? {}))
        .map(([name]) => name);
      const users = mesh.workloads.filter((it) => enginesOf(it.deployment, ENGINES_OF[profile]).includes(engine));
      const setup = engine === "mongodb" ? ["mongodb-setup"] : [];
      expect(inside.sort(), engine).toEqual(
        [engine, ...setup, ...users.map((it) => containerNameOf(it.name, profile))].sort(),
      );
    }
  });

  it("leads out to the machine where a port is shown, on its own address alone, and nowhere else", () => {
    for (const [name, { networks: joined = {}, ports = [] }] of Object.entries(services)) {
      const leadsOut = Object.keys(joined).some((it) => networks[it]?.internal !== true);
      expect(leadsOut, name).toBe(ports.length > 0);
      for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    }
  });

  it("shows others the edge alone, whatever is set", () => {
    const shown = Object.entries(readProject(yaml, profile, { PUBLISH_ADDRESS: "0.0.0.0" }).services)
      .filter(([, { ports = [] }]) => ports.some((it) => !it.startsWith("127.0.0.1:")))
      .map(([name]) => name);
    expect(shown).toEqual(["edge"]);
  });
});

describe("every container", () => {
  it("may do nothing on its machine", () => {
    for (const [name, it] of everywhere)
      expect(it, name).toMatchObject({
        cap_drop: ["ALL"],
        security_opt: ["no-new-privileges:true"],
        pids_limit: expect.any(Number),
        mem_limit: expect.stringMatching(/^\d+[mg]$/),
        read_only: !name.startsWith("kafka"),
      });
  });

  it("is nobody's root: it says whom it runs as, or the shop's own image does", () => {
    const dockerfile = readFileSync(join(ROOT, "Dockerfile"), "utf8");
    expect(/^USER (\S+)$/m.exec(dockerfile)?.[1]).toBe("1000:1000");
    for (const [name, { image, user }] of everywhere)
      if (image !== "shopmesh:dev") expect(user, name).toMatch(/^[1-9]\d*:\d+$/);
  });

  it("is of an image that is named by its version, or of the shop's own", () => {
    for (const [name, { image }] of everywhere)
      expect(image, name).toMatch(/^shopmesh:dev$|^docker\.io\/[\w/-]+:\S*\d+[.-]\d+/);
  });

  it("has its own certificate and nobody else's", () => {
    const withCertificates = everywhere.filter(
      ([name, it]) => !name.startsWith("certificates") && it.volumes?.some(({ source }) => source === "certificates"),
    );
    expect(withCertificates.length).toBe(2 * (mesh.workloads.length + 1) + 1);
    for (const [name, { volumes, networks }] of withCertificates) {
      const own = volumes?.find(({ source }) => source === "certificates");
      const [workload] = networks?.mesh?.aliases ?? [name.split(" ")[0]];
      expect(own, name).toMatchObject({ read_only: true, volume: { subpath: workload } });
    }
  });

  it("ends when it has done what is done once, and goes on otherwise", () => {
    for (const [name, { restart }] of everywhere)
      expect(restart, name).toBe(/^(certificates|mongodb-setup|s3-setup|demo) /.test(name) ? "no" : "unless-stopped");
  });
});

describe("what Prometheus is told", () => {
  it("is of every service, whose certificate it checks", () => {
    const { scrape_configs } = parse(files.get("istio/generated/compose/prometheus.yaml") ?? "") as {
      scrape_configs: {
        job_name: string;
        scheme: string;
        tls_config: Record<string, string>;
        dns_sd_configs: { port: number }[];
      }[];
    };
    expect(scrape_configs.map((it) => [it.job_name, it.dns_sd_configs[0]?.port])).toEqual(
      mesh.workloads.map((it) => [it.name, it.port]),
    );
    for (const { job_name, scheme, tls_config } of scrape_configs) {
      expect(scheme).toBe("https");
      expect(tls_config.server_name).toBe(job_name);
    }
  });
});

describe("a variable", () => {
  it.each([
    [`\${A:-b}`, {}, "b"],
    [`\${A:-b}`, { A: "" }, "b"],
    [`x\${A:-b}y\${B:-}`, { A: "1" }, "x1y"],
    ["$$A", {}, "$A"],
  ])("%s with %o is %s", (text, env, expected) => expect(interpolated(text, env)).toBe(expected));
});
