import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Role, type UserSchema } from "#gen/shop/auth/v1/user_pb.js";
import { etagOf } from "./accounts.ts";
import type { Member } from "./store.ts";

const ROLES = { guest: Role.GUEST, customer: Role.CUSTOMER, admin: Role.ADMIN } as const;

/** A member as the contract shows one. */
export function toUser(member: Member): MessageInitShape<typeof UserSchema> {
  const { userId, email, displayName } = member;
  return {
    userId,
    email,
    displayName,
    role: ROLES[member.role],
    createTime: timestampFromMs(member.createMs),
    etag: etagOf(member),
  };
}
