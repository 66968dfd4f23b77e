// x-forwarded-client-cert, in which Envoy says whose certificate the caller showed:
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-forwarded-client-cert

/** The header's name. */
export const XFCC_HEADER = "x-forwarded-client-cert";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const SEMICOLON = 0x3b;

/** Whether the character at a place is escaped: an odd number of backslashes stands before it. */
function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
  return backslashes % 2 === 1;
}

/**
 * The last of the header's elements, which the nearest proxy wrote; those before it may be the client's own. Found from
 * the end, so that nothing a client can put before it has a say in where it begins.
 */
function lastElement(header: string): string {
  let quoted = false;
  for (let at = header.length - 1; at >= 0; at--) {
    const character = header.charCodeAt(at);
    if (character === QUOTE && !isEscaped(header, at)) quoted = !quoted;
    else if (character === COMMA && !quoted) return header.slice(at + 1);
  }
  return header;
}

/** The pairs of an element; undefined when its quotes do not match. */
function pairsOf(element: string): readonly string[] | undefined {
  const pairs: string[] = [];
  let quoted = false;
  let from = 0;
  for (let at = 0; at < element.length; at++) {
    const character = element.charCodeAt(at);
    if (quoted && character === BACKSLASH) at++;
    else if (character === QUOTE) quoted = !quoted;
    else if (character === SEMICOLON && !quoted) {
      pairs.push(element.slice(from, at));
      from = at + 1;
    }
  }
  pairs.push(element.slice(from));
  return quoted ? undefined : pairs;
}

function unquoted(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"')
    ? value.slice(1, -1).replaceAll(/\\(.)/g, "$1")
    : value;
}

/**
 * The URI in the certificate of whoever called the nearest proxy; undefined when the header says none, or several: a
 * SPIFFE certificate has exactly one (X509-SVID.md, section 2).
 */
export function peerUriOf(header: string): string | undefined {
  const pairs = pairsOf(lastElement(header).trim());
  const uris = (pairs ?? []).filter((it) => /^uri=/i.test(it));
  const [uri] = uris;
  if (uris.length !== 1 || uri === undefined) return undefined;
  return unquoted(uri.slice("uri=".length)) || undefined;
}
