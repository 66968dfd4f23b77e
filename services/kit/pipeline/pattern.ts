import { RE2JS } from "@bufbuild/re2";

/** Whether a text has a match of a pattern, in RE2's syntax. */
type Matcher = (text: string) => boolean;

// Characters, classes and bounded repeats of one of them between ^ and $; a part in brackets may be left out, but not
// repeated. The engines agree on these, and with few parts of variable length a backtracking one has little to try.
const PLAIN = /^\^(?:\(?(?:\[\^?[\w -]+\]|[\w -])(?:\{\d+(?:,\d+)?\}|\?)?(?:\)\??)?)*\$$/;
const VARIABLE = /\{\d+,\d+\}|\?/g;
const VARIABLE_MAX = 2;

function isPlain(pattern: string): boolean {
  return PLAIN.test(pattern) && (pattern.match(VARIABLE)?.length ?? 0) <= VARIABLE_MAX;
}

function matcherOf(pattern: string): Matcher {
  const re2 = RE2JS.compile(pattern);
  if (!isPlain(pattern)) return (text) => re2.test(text);
  const native = new RegExp(pattern, "u");
  return (text) => native.test(text);
}

/**
 * Matches texts against the patterns of contracts, as protovalidate asks: with JavaScript's own engine, which makes no
 * garbage, where that is as safe, else with RE2, whose time no input can stretch.
 * @returns a function that throws when the pattern is not in RE2's syntax
 */
export function createPatternMatch(): (pattern: string, text: string) => boolean {
  // As many as the contracts have; CEL rules that put patterns together from input are not used.
  const matchers = new Map<string, Matcher>();
  return (pattern, text) => {
    let matcher = matchers.get(pattern);
    if (matcher === undefined) {
      matcher = matcherOf(pattern);
      matchers.set(pattern, matcher);
    }
    return matcher(text);
  };
}
