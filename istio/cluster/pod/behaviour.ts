/** What a call asks of the stand-in for a service. */
export type Behaviour = "fail by gRPC" | "fail by HTTP" | "hang" | "stream";

/** The header that says how to behave. */
export const BEHAVIOUR = "x-test-behaviour";
/** The header that names the call, so that its arrivals are counted. */
export const CALL = "x-test-call";
/** Where the stand-in says what it counted. */
export const COUNTS = "/counts";

/** What the stand-in saw of one call. */
export interface Counts {
  /** How often it arrived. */
  arrived: number;
  /** How often the other side gave it up. */
  cut: number;
}
