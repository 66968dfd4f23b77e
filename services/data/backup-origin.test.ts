import { expect, it, vi } from "vitest";
import { checkBackup } from "./backup-origin.ts";
import type { Manifest } from "./manifest.ts";
import type { Vault } from "./vault.ts";

const file = { path: "records/cart.carts/00001.ndjson.gz", bytes: 100, sha256: "", records: 1 };
const collection = { name: "cart.carts", version: 1, records: 1, checksum: "", files: [file] };
const manifest = { collections: [collection] } as unknown as Manifest;

function vaultWith(size: number | undefined) {
  const read = vi.fn(async () => undefined);
  return { read, vault: { name: "the vault", size: async () => size, read } as unknown as Vault };
}

it.each([
  [99, /is damaged/],
  [5_000_000_000, /is damaged/],
  [undefined, /is missing in the vault/],
])("a file of %s bytes where 100 were written is not read at all", async (size, sentence) => {
  const { vault, read } = vaultWith(size);
  const checking = checkBackup(vault, manifest, { contents: true, onProgress: () => {} });
  await expect(checking).rejects.toThrow(sentence);
  expect(read).not.toHaveBeenCalled();
});
