import { afterEach, expect, it } from "vitest";
import { StartError } from "#kit/start-error.ts";
import { debianProgram } from "./debian.ts";
import { runFor } from "./find.ts";

const { PATH } = process.env;
afterEach(() => {
  process.env.PATH = PATH;
});

it("an engine that cannot be had is named, with the reason", async () => {
  await expect(runFor("Kafka", "no-such-program", [])).rejects.toThrow(
    new StartError("Kafka cannot be had: it takes no-such-program, which is not on the path."),
  );
  await expect(runFor("Kafka", "sh", ["-c", "echo no network >&2; exit 1"])).rejects.toThrow(
    /^Kafka cannot be had: sh .* failed: no network$/,
  );
});

it("a package that nobody may install is named", async () => {
  process.env.PATH = "/nowhere";
  await expect(debianProgram("no-such-server", "no-such-package")).rejects.toThrow(
    "The tests need no-such-package, which is not installed: run `apt-get install no-such-package` as root.",
  );
});
