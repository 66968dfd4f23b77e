import { styleText } from "node:util";
import type { Running } from "#kit/kit.ts";
import type { OutsideEngine } from "./engines.ts";

/** What the first administrator may be told once. */
export interface Administrator {
  readonly email: string;
  readonly password: string;
  readonly madeUp: boolean;
}

const bold = (text: string) => styleText("bold", text);
const dim = (text: string) => styleText("dim", text);
const link = (text: string) => styleText("cyan", text);

/** A line that is written over by the next one in a terminal, and simply printed elsewhere only when it is the last. */
export function createProgress(out: NodeJS.WriteStream = process.stdout) {
  let open = false;
  return {
    show(text: string): void {
      if (!out.isTTY) return;
      out.write(`\r\x1b[2K  ${dim(text)}`);
      open = true;
    },
    done(text?: string): void {
      if (open) out.write("\r\x1b[2K");
      open = false;
      if (text !== undefined) out.write(`  ${dim(text)}\n`);
    },
  };
}

/** What a person at the terminal wants to know once the shop is up. */
export function startScreen(options: {
  running: readonly Running[];
  /** Those outside; without PostgreSQL among them it is the one that npm brings. */
  engines: readonly Pick<OutsideEngine, "name" | "place" | "keeps">[];
  host: string;
  seconds: number;
  administrator: Administrator | undefined;
}): string {
  const name = options.host === "0.0.0.0" || options.host === "127.0.0.1" ? "localhost" : options.host;
  const at = (workload: string) => options.running.find((it) => it.workload === workload)?.port;
  const services = options.running.filter((it) => it.workload !== "edge");
  const ports = services.map((it) => `${it.workload} ${bold(`${it.port}`)}`).join(dim(" · "));
  const engines = options.engines.map(({ name, place, keeps }) => `${name.padEnd(10)} ${place} ${dim(keeps)}`);
  if (!options.engines.some((it) => it.name === "PostgreSQL"))
    engines.unshift(`${"PostgreSQL".padEnd(10)} ${dim("the one that comes with it, in DATA_DIR")}`);
  const lines = [
    "",
    `  ${styleText(["bold", "green"], "SHOPMESH")} ${dim(`ready in ${options.seconds.toFixed(1)} s`)}`,
    "",
    `  ${bold("Shop")}      ${link(`http://${name}:${at("edge")}/`)}`,
    `  ${bold("Mesh")}      ${link(`http://${name}:${at("edge")}/status`)}`,
    `  ${bold("Services")}  ${ports}`,
    `            ${dim("gRPC, gRPC-Web and Connect on each, with reflection, /health, /ready and /metrics")}`,
    ...engines.map((it, at) => `  ${bold((at === 0 ? "Runs on" : "").padEnd(9))} ${it}`),
    `  ${bold("Try")}       npx buf curl --http2-prior-knowledge http://${name}:${at("product")}/shop.product.v1.ProductService/ListProducts`,
  ];
  if (options.administrator !== undefined) {
    const { email, password, madeUp } = options.administrator;
    lines.push(
      `  ${bold("Admin")}     ${email}${madeUp ? `  ${bold(password)}  ${dim("(made up; shown this once)")}` : dim("  (password from ADMIN_PASSWORD)")}`,
    );
  }
  lines.push("", `  ${dim("Pay with 4242 4242 4242 4242, any date to come, any code. Ctrl-C stops everything.")}`, "");
  return `${lines.join("\n")}\n`;
}
