import { AuthService } from "#gen/shop/auth/v1/auth_service_pb.js";

const NAME = "shop_refresh";
const VALUE = /^[\w-]{43}$/;

/** The refresh token in a request's cookies. */
export function readRefreshCookie(header: Headers): string | undefined {
  for (const pair of (header.get("cookie") ?? "").split(";")) {
    const [name, value = ""] = pair.trim().split("=", 2);
    if (name === NAME && VALUE.test(value)) return value;
  }
  return undefined;
}

/**
 * The Set-Cookie line for a refresh token: scripts cannot read it, other sites cannot send it, and only AuthService gets it.
 * @param maxAgeMs 0, with an empty token, deletes the cookie
 */
export function refreshCookie(request: Headers, refreshToken: string, maxAgeMs: number): string {
  // The edge says how the browser came; a cookie marked Secure over plain HTTP would be lost.
  const secure = request.get("x-forwarded-proto") === "https" ? "; Secure" : "";
  const maxAge = Math.floor(maxAgeMs / 1000);
  return `${NAME}=${refreshToken}; Path=/${AuthService.typeName}/; Max-Age=${maxAge}; HttpOnly; SameSite=Strict${secure}`;
}
