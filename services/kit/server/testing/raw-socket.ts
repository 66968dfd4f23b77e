import net from "node:net";

/** A bare connection to this machine, for clients that no library would be. */
export interface RawSocket {
  readonly socket: net.Socket;
  /** All bytes that came so far. */
  heard(): Buffer;
  /** Whether the other end closed it, or we did. */
  closed(): boolean;
  readonly whenClosed: Promise<void>;
  /** Writes bytes in as many packets as there are pieces. */
  writePieces(bytes: Buffer, cuts: readonly number[]): Promise<void>;
}

const PACKET_GAP_MS = 1;

/** Connects; whatever goes wrong later only closes it. */
export async function connectRaw(port: number): Promise<RawSocket> {
  const socket = net.connect({ port, host: "127.0.0.1", noDelay: true });
  const heard: Buffer[] = [];
  let closed = false;
  socket.on("data", (chunk) => heard.push(chunk));
  socket.on("error", () => {});
  const whenClosed = new Promise<void>((resolve) => {
    socket.on("close", () => {
      closed = true;
      resolve();
    });
  });
  await new Promise((resolve) => socket.once("connect", resolve));
  return {
    socket,
    heard: () => Buffer.concat(heard),
    closed: () => closed,
    whenClosed,
    async writePieces(bytes, cuts) {
      const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
      for (const [index, from] of at.slice(0, -1).entries()) {
        socket.write(bytes.subarray(from, at[index + 1]));
        await new Promise<void>((resolve) => setTimeout(resolve, PACKET_GAP_MS));
      }
    },
  };
}
