import { AuthService } from "#gen/shop/auth/v1/auth_service_pb.js";
import { implement } from "#kit/connect.ts";
import type { Main } from "#kit/kit.ts";

const unused = () => {
  throw new Error("The test does without this call");
};

/** An auth service that takes every session for alive, for tests whose users have tokens but no accounts. */
export const fakeAuth: Main = async (kit) => {
  await kit.serve({
    services: [
      implement(AuthService, {
        signUp: unused,
        signIn: unused,
        signInAsGuest: unused,
        refreshToken: unused,
        signOut: unused,
        verifyToken: () => ({}),
      }),
    ],
    http: { "/.well-known/jwks.json": (_, response) => void response.end('{"keys":[]}') },
    ready: async () => {},
  });
};
