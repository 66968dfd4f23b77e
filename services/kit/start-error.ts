/**
 * Why Shopmesh cannot start, in one sentence that says what to do about it. Whoever starts the program prints the
 * message alone, without a stack: the reader can act on it, and nothing in the code is at fault.
 */
export class StartError extends Error {
  override readonly name = "StartError";
}
