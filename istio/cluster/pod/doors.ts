import net from "node:net";
import { answer, input } from "./input.ts";

/** Tries whether a connection can be made at all, to each of some addresses. */
export interface DoorsInput {
  readonly doors: readonly { readonly host: string; readonly port: number }[];
}

/** A network that drops packets says nothing, so silence is a no. */
const SILENCE_MS = 3_000;

function opens(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port, timeout: SILENCE_MS });
    const end = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once("connect", () => end(true));
    socket.once("timeout", () => end(false));
    socket.once("error", () => end(false));
  });
}

answer(await Promise.all(input<DoorsInput>().doors.map(({ host, port }) => opens(host, port))));
