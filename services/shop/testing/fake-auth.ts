import { AuthService } from "#gen/shop/auth/v1/auth_service_pb.js";
import { fakeMain, NO_KEYS } from "#kit/testing/fake.ts";

/** An auth service that takes every session for alive, for tests whose users have tokens but no accounts. */
export const fakeAuth = fakeMain(AuthService, { verifyToken: () => ({}) }, NO_KEYS);
