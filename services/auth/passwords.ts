import { randomBytes } from "node:crypto";
import bcrypt from "bcrypt";
import { ErrorReason } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { callFailure } from "#kit/failure.ts";

/** Hashes and checks passwords, off the main thread. The contract refuses those over 72 bytes, where bcrypt stops looking. */
export interface Passwords {
  hash(password: string): Promise<string>;
  /** Whether the password is the one hashed. Takes as long without a hash: nobody learns from the time that there is none. */
  matches(password: string, hash: string | undefined): Promise<boolean>;
  /**
   * Runs work that hashes or checks a password, unless too much of it waits already.
   * @throws Failure RATE_LIMITED at once, rather than an answer that comes too late.
   */
  admit<T>(work: () => Promise<T>): Promise<T>;
}

/** bcrypt's cost: 2^12 rounds take about a quarter of a second. */
const COST = 12;
/** What the thread pool works off well within the calls' deadline. */
const WORK_MAX = 32;
const RETRY_AFTER_MS = 2_000;

/** @param cost bcrypt's cost; only tests want less than the default */
export function createPasswords(cost: number = COST): Passwords {
  const nobodys = bcrypt.hash(randomBytes(16).toString("hex"), cost);
  nobodys.catch(() => {}); // told to whoever awaits it
  let working = 0;
  return {
    hash: (password) => bcrypt.hash(password, cost),
    async matches(password, hash) {
      const equal = await bcrypt.compare(password, hash ?? (await nobodys));
      return equal && hash !== undefined;
    },
    async admit(work) {
      if (working >= WORK_MAX)
        throw callFailure(ErrorReason.RATE_LIMITED, "Many people sign in just now; try again.", {
          retryAfterMs: RETRY_AFTER_MS,
        });
      working += 1;
      try {
        return await work();
      } finally {
        working -= 1;
      }
    },
  };
}
