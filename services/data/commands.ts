import type { Env } from "#kit/env.ts";
import type { Logger } from "#kit/log.ts";
import { readSettings } from "#kit/settings.ts";
import { StartError } from "#kit/start-error.ts";
import type { Command } from "./arguments.ts";
import { backlogIn, refuseBacklog } from "./backlog.ts";
import { backUp } from "./backup.ts";
import { backupOrigin, checkBackup } from "./backup-origin.ts";
import { type Difference, totalsOf, verifyCollection } from "./compare.ts";
import type { Progress } from "./copy.ts";
import { readManifest } from "./manifest.ts";
import { type Moved, move, type Origin } from "./move.ts";
import { mustDiffer, mustExist, shopPlace } from "./place.ts";
import { type Reconciled, reconcile } from "./reconcile.ts";
import { type OpenShop, openToRead, openToWrite } from "./shop.ts";
import type { Vault } from "./vault.ts";
import { isBackup, openVault } from "./vault-place.ts";
import { knownVersions } from "./versions.ts";

/** What a command is carried out with. */
export interface Surroundings {
  readonly env: Env;
  readonly log: Logger;
  readonly onProgress: (progress: Progress) => void;
  /** Tells whoever uses the tool a sentence. */
  readonly say: (sentence: string) => void;
  /** Tells which target is incomplete from now on; undefined: none any more. */
  readonly onIncomplete: (target: string | undefined) => void;
}

type Of<Kind extends Command["kind"]> = Extract<Command, { kind: Kind }>;

const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? "" : "s"}`;

async function within<T extends { close(): Promise<void> | void }, R>(
  opening: Promise<T>,
  work: (it: T) => Promise<R>,
): Promise<R> {
  const opened = await opening;
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}

function openSource(word: string, { env, log }: Surroundings): Promise<OpenShop> {
  const place = shopPlace(word, env);
  mustExist(place);
  return openToRead(place, log);
}

const manifestOf = async (vault: Vault, { env }: Surroundings) =>
  readManifest(vault, await knownVersions(readSettings({ ...env, IMAGE_STORE: "postgres" })));

/** @throws StartError that names what is not the same */
function refuseDifferences(differences: readonly Difference[], from: string, to: string): void {
  if (differences.length === 0) return;
  const list = differences.map((it) => `    ${it.collection} ${it.key}: ${it.what}`).join("\n");
  throw new StartError(`${to} is not what ${from} is:\n${list}`);
}

function sayMoved(
  { copied, removed, differences }: Moved,
  { name }: Origin,
  to: string,
  say: Surroundings["say"],
): void {
  refuseDifferences(differences, name, to);
  const records = copied.reduce((sum, it) => sum + it.totals.records, 0);
  const written = copied.reduce((sum, it) => sum + it.written, 0);
  const gone = removed === 0 ? "" : `, ${plural(removed, "record")} of before taken out`;
  say(
    `${plural(records, "record")} of ${name} are in ${to}: ${written} written now${gone}; counts and checksums agree.`,
  );
}

function sayReconciled({ released, resold, short }: Reconciled, say: Surroundings["say"]): void {
  if (released.length > 0)
    say(`The pieces of ${plural(released.length, "order")} that came after the backup began are on sale again.`);
  if (resold.length > 0)
    say(`${plural(resold.length, "order")} cancelled while the backup ran are paid for again: ${resold.join(", ")}.`);
  if (short.length > 0)
    say(`Paid for, but the pieces are not there any more; cancel or refund them: ${short.join(", ")}.`);
}

async function copy({ from, to, overwrite }: Of<"copy">, around: Surroundings): Promise<void> {
  const { env, log, onProgress, onIncomplete, say } = around;
  const place = shopPlace(to, env);
  mustDiffer(shopPlace(from, env), place);
  await within(openSource(from, around), async (source) => {
    const { live } = source;
    // While it runs there are always some; the copy after that is the one that counts.
    if (live.length === 0) await refuseBacklog(source, place.settings, log);
    await within(openToWrite(place, log), async (it) => {
      sayMoved(await move({ source, target: it, overwrite, onProgress, onIncomplete }), source, it.name, say);
    });
    if (live.length > 0)
      say(
        `${source.name} was running (${live.join(", ")}): what it has sold since is not there. Stop it and run this again before you start the other.`,
      );
  });
}

async function backup({ from, to }: Of<"backup">, around: Surroundings): Promise<void> {
  const { env, log, onProgress, say } = around;
  await within(openVault(to, env, log), (vault) =>
    within(openSource(from, around), async (shop) => {
      const { collections, consistency, live } = await backUp(shop, vault, onProgress);
      const records = collections.reduce((sum, it) => sum + it.records, 0);
      say(
        `${plural(records, "record")} of ${shop.name} are in ${vault.name}. Passwords' hashes and keys are among them.`,
      );
      const backlog = await backlogIn(shop.settings, log);
      if (backlog !== undefined) say(`Events that are in Kafka are not in a backup: ${backlog}.`);
      if (consistency === "by engine" && live.length > 0)
        say(
          "The shop was running, or may have been, and each engine was read by itself: restore puts right what does not match.",
        );
    }),
  );
}

async function restore({ from, to, overwrite }: Of<"restore">, around: Surroundings): Promise<void> {
  const { env, log, onProgress, onIncomplete, say } = around;
  await within(openVault(from, env, log), async (vault) => {
    const manifest = await manifestOf(vault, around);
    // Before anything is written.
    await checkBackup(vault, manifest, { contents: false, onProgress });
    const source = backupOrigin(vault, manifest);
    await within(openToWrite(shopPlace(to, env), log), async (target) => {
      const isOneMoment = manifest.consistency === "one moment" || manifest.live.length === 0;
      const afterwards = async () => sayReconciled(await reconcile(target.collections), say);
      const options = { source, target, overwrite, onProgress, onIncomplete, ...(!isOneMoment && { afterwards }) };
      sayMoved(await move(options), source, target.name, say);
    });
  });
}

async function verifyShops(source: Origin, to: string, around: Surroundings): Promise<void> {
  await within(openSource(to, around), async (target) => {
    const places = new Map(target.collections.map((it) => [it.name, it]));
    const differences: Difference[] = [];
    for (const it of source.collections) {
      const place = places.get(it.name);
      const expected = await totalsOf(it, around.onProgress);
      if (place !== undefined) differences.push(...(await verifyCollection(it, place, expected, around.onProgress)));
      else if (expected.records > 0)
        throw new StartError(`${target.name} has no place for the ${it.name} that are in ${source.name}.`);
    }
    refuseDifferences(differences, source.name, target.name);
    around.say(`${target.name} holds what ${source.name} holds: counts and checksums agree.`);
  });
}

async function verify({ from, to }: Of<"verify">, around: Surroundings): Promise<void> {
  const { env, log, onProgress, say } = around;
  if (!isBackup(from)) {
    if (to === undefined)
      throw new StartError(`"${from}" is no backup: to compare it with a shop, name that with --to.`);
    mustDiffer(shopPlace(from, env), shopPlace(to, env));
    return within(openSource(from, around), (source) => verifyShops(source, to, around));
  }
  await within(openVault(from, env, log), async (vault) => {
    const manifest = await manifestOf(vault, around);
    await checkBackup(vault, manifest, { contents: true, onProgress });
    say(`The backup in ${vault.name} of ${manifest.createTime} is whole: every file is what its manifest tells.`);
    if (to !== undefined) await verifyShops(backupOrigin(vault, manifest), to, around);
  });
}

/**
 * Carries a command out.
 * @throws StartError with a sentence for whoever uses the tool
 */
export function carryOut(command: Exclude<Command, { kind: "help" }>, around: Surroundings): Promise<void> {
  switch (command.kind) {
    case "copy":
      return copy(command, around);
    case "backup":
      return backup(command, around);
    case "restore":
      return restore(command, around);
    case "verify":
      return verify(command, around);
  }
}
