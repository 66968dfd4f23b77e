import { writeSync } from "node:fs";

/** What the test hands to a program in a pod. */
export function input<T>(): T {
  return (globalThis as unknown as { input: T }).input;
}

const STDOUT = 1;

/** What the program hands back, then ends; connections it left open do not keep it. */
export function answer(value: unknown): never {
  const bytes = Buffer.from(JSON.stringify(value));
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(STDOUT, bytes, at);
    } catch (error) {
      // The pipe is full for the moment.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
  process.exit(0);
}
