import http2 from "node:http2";
import { text } from "node:stream/consumers";
import { COUNTS } from "./behaviour.ts";
import { answer, input } from "./input.ts";

/** Asks the stand-in, from its own container, what it counted. */
export interface CountsInput {
  readonly port: number;
}

const session = http2.connect(`http://127.0.0.1:${input<CountsInput>().port}`);
answer(JSON.parse(await text(session.request({ ":path": COUNTS }))));
