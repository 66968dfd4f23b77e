import type { ServiceImpl } from "@connectrpc/connect";
import type { UserService } from "#gen/shop/auth/v1/user_service_pb.js";
import { currentUser } from "#kit/call.ts";
import type { Accounts } from "./accounts.ts";
import type { Sessions } from "./sessions.ts";
import { toUser } from "./user.ts";

/** The caller's own profile, over the wire. Whose it is comes from the token alone, so nobody reaches another's. */
export function createUserService(deps: { accounts: Accounts; sessions: Sessions }): ServiceImpl<typeof UserService> {
  const { accounts, sessions } = deps;
  return {
    async getProfile() {
      return { user: toUser(await sessions.memberOf(currentUser().sessionId)) };
    },
    async updateProfile({ displayName, etag }) {
      // The mask needs no look: the one field it may name is the one there is.
      const { userId } = await sessions.memberOf(currentUser().sessionId);
      return { user: toUser(await accounts.rename(userId, displayName, etag)) };
    },
  };
}
