import type { Client } from "@connectrpc/connect";
import type { AuthService } from "#gen/shop/auth/v1/auth_service_pb.js";
import { Role } from "#gen/shop/auth/v1/user_pb.js";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { isFailure } from "#kit/failure.ts";
import { notAGuest } from "./reasons.ts";

/**
 * A function that answers the user id of the guest whose access token it is given.
 * @throws Failure NOT_A_GUEST for any other token. A token that has ended is one too: passing TOKEN_INVALID on would tell
 * callers that their own token is bad.
 */
export function createGuestCheck(auth: Client<typeof AuthService>): (token: string) => Promise<string> {
  return async (token) => {
    const { user } = await auth.verifyToken({ token }).catch((error: unknown) => {
      throw isFailure(error, ErrorReasonSchema, ErrorReason.TOKEN_INVALID) ? notAGuest(error) : error;
    });
    if (user?.role !== Role.GUEST) throw notAGuest();
    return user.userId;
  };
}
